"""Job, and the kinds that start jobs on a schedule: CronJob, and Cron of KubeDL."""
