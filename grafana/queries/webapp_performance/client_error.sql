-- The status decides; error_type does where there is none.
if(r.tags['status_code'] != '', toUInt16OrZero(r.tags['status_code']) BETWEEN 400 AND 499, r.tags['error_type'] = 'client_error')
