"""The local target's control plane: moto's server in one process, and what moto lacks.

    server        HTTP/1.1 with keep-alive in front of the WSGI application below
    front         routes a request: /_local/..., Lambda invocations, everything else to moto; logs each call
    services      what the AWS models below start and call: brokers, functions, data planes, principals
    msk, delivery_streams, lambda_functions, athena, sts, s3, logs, cloudwatch
                  subclasses of moto's backends and responses, laid out as moto lays out a service
    target        one running control plane: makes all of these, installs the subclasses, stops in order

State lives in memory, as in moto: a control plane that ends takes the account's resources with it.
"""
