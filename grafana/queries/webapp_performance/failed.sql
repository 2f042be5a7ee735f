-- From status 400 on a request failed; error_type says so for one that got no status.
if(r.tags['status_code'] != '', toUInt16OrZero(r.tags['status_code']) >= 400, r.tags['error_type'] != '')
