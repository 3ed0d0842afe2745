"""A Django app that only soaks know: jobs that count their effects, and jobs that kill whoever runs them."""
