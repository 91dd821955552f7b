"""AWS Lambda: moto keeps the functions, the local runner runs them.

models         moto's LambdaBackend; a changed or deleted function is told to the runner
invocations    the Invoke operation, with payloads as bytes from end to end
measuring      metrics of each invocation
failures       what an asynchronous invocation leaves when all its tries failed
urls           moto's addresses (moto looks for them beside a backend's models)
"""
