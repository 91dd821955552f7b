"""Amazon Data Firehose with an MSK source: moto's `firehose` with what it lacks, over real data planes.

    rules             what AWS refuses when a stream is created or its destination updated
    source            what AWS checks of the MSK source, of roles and of the Glue table, in this account
    models            the backend: streams with a source, and a data plane for each
    responses, urls   the API, in the shapes of the service model

Other sources and destinations are refused by name; moto's half implementation of them is never reached.
"""
