"""Amazon SNS: moto's topics, whose Lambda subscriptions reach the local runner.

models  moto's backend; a subscription that would send mail or texts is noticed
urls    moto's addresses (moto looks for them beside a backend's models)
"""
