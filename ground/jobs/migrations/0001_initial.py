import django.db.models.functions.datetime
import ground.tenancy.ids
from django.db import migrations, models
from ground.jobs import sql
from ground.tenancy.operations import Crossing, TenantTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('kind', models.CharField(max_length=128)),
                ('arguments', models.JSONField(default=dict)),
                ('unique_key', models.CharField(blank=True, max_length=128)),
                ('state', models.CharField(choices=[('ready', 'Waits for its time or a worker'), ('running', 'A worker holds the lease'), ('done', 'Done'), ('failed', 'Gave up'), ('quarantined', 'Set aside: workers died with it'), ('cancelled', 'Cancelled before it ran')], default='ready', max_length=16)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('deaths', models.PositiveIntegerField(default=0)),
                ('run_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('woken_at', models.DateTimeField(blank=True, help_text='when a worker was last told', null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.PositiveBigIntegerField(default=0)),
                ('last_error', models.CharField(blank=True, help_text='class name and short code, never a message', max_length=128)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'ready')), fields=['organization_id', 'run_at', 'id'], name='jobs_job_due'), models.Index(condition=models.Q(('state', 'running')), fields=['organization_id', 'leased_until', 'id'], name='jobs_job_leases'), models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['organization_id', 'finished_at', 'id'], name='jobs_job_finished'), models.Index(condition=models.Q(('state', 'quarantined')), fields=['organization_id', 'kind'], name='jobs_job_quarantine')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['ready', 'running']), models.Q(('unique_key', ''), _negated=True)), fields=('organization_id', 'kind', 'unique_key'), name='jobs_job_one_unfinished'), models.CheckConstraint(condition=models.Q(models.Q(('leased_until__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('leased_until__isnull', True)), _connector='OR'), name='jobs_job_lease_while_running'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ['ready', 'running'])), models.Q(models.Q(('state__in', ['ready', 'running']), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='jobs_job_finished_once')],
            },
        ),
        migrations.CreateModel(
            name='Slot',
            fields=[
                ('id', models.UUIDField(default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('kind', models.CharField(max_length=128)),
                ('slot', models.CharField(max_length=64)),
                ('job_id', models.UUIDField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', 'created_at'], name='jobs_slot_created')],
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'kind', 'slot'), name='jobs_slot_once')],
            },
        ),
        TenantTable("jobs_job"),
        TenantTable("jobs_slot"),
        Crossing(
            "jobs_due",
            arguments="how_many integer",
            returns="TABLE (job_id uuid, organization_id uuid)",
            body=sql.DUE,
        ),
        Crossing(
            "jobs_figures",
            arguments="",
            returns="TABLE (kind text, ready bigint, running bigint, quarantined bigint, oldest_seconds double precision)",
            body=sql.FIGURES,
        ),
    ]
