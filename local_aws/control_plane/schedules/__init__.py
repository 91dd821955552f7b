"""Amazon EventBridge Scheduler: moto's schedules, which fire on the scaled clock.

models  moto's backend, and what it refuses
firing  calls what is due
urls    moto's addresses (moto looks for them beside a backend's models)
"""
