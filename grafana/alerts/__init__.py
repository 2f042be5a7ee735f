"""Alert rules as code: what calls someone, when, and where they read on.

Each rule is made into Grafana's provisioning file by ``generate``. The numbers are those that the
panels are coloured by (``limits``), so that a red panel and its alert agree.
"""
