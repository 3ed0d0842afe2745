import django.db.models.expressions
import django.db.models.functions.datetime
import ground.audit.fields
import ground.tenancy.ids
from django.db import migrations, models
from ground.audit import sql
from ground.audit.operations import AppendOnlyUntilExpiry
from ground.tenancy.operations import AppendOnly, Crossing, TenantTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Epoch',
            fields=[
                ('number', models.PositiveIntegerField(primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=64)),
                ('started_at', models.DateTimeField()),
                ('signature', models.BinaryField()),
                ('signing_key', models.CharField(max_length=128)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.RunSQL(sql.CURRENT_EPOCH, "DROP FUNCTION audit_current_epoch()"),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.UUIDField(default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('kind', models.CharField(max_length=128)),
                ('key', models.CharField(blank=True, max_length=128)),
                ('details', models.TextField(default='{}')),
                ('count', models.PositiveIntegerField(default=1)),
                ('raised_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', '-raised_at'], name='audit_alert_recent')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('resolved_at__isnull', True)), fields=('organization_id', 'kind', 'key'), name='audit_alert_one_open')],
            },
        ),
        migrations.CreateModel(
            name='Block',
            fields=[
                ('id', models.UUIDField(default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('stream', models.CharField(choices=[('evidence', 'Decisions and destructions'), ('access', 'Who looked at what')], max_length=16)),
                ('number', models.PositiveBigIntegerField()),
                ('epoch', models.PositiveIntegerField()),
                ('through_transaction', ground.audit.fields.TransactionIdField()),
                ('through_event', models.UUIDField()),
                ('first_event', models.UUIDField()),
                ('last_event', models.UUIDField()),
                ('event_count', models.PositiveIntegerField()),
                ('latest_at', models.DateTimeField(help_text='occurred_at of the youngest event in the block')),
                ('merkle_root', models.BinaryField()),
                ('previous_hash', models.BinaryField()),
                ('block_hash', models.BinaryField()),
                ('signature', models.BinaryField()),
                ('signing_key', models.CharField(max_length=128)),
                ('sealed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', 'stream', 'epoch', 'through_transaction', 'through_event'], name='audit_block_position'), models.Index(fields=['organization_id', 'stream', 'latest_at'], name='audit_block_latest')],
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'stream', 'number'), name='audit_block_number'), models.CheckConstraint(condition=models.Q(('event_count__gte', 1), ('number__gte', 1)), name='audit_block_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('stream', models.CharField(choices=[('evidence', 'Decisions and destructions'), ('access', 'Who looked at what')], max_length=16)),
                ('kind', models.CharField(max_length=128)),
                ('actor_kind', models.CharField(max_length=16)),
                ('actor_id', models.CharField(max_length=128)),
                ('object_type', models.CharField(blank=True, max_length=128)),
                ('object_id', models.CharField(blank=True, max_length=128)),
                ('payload', models.TextField()),
                ('occurred_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('epoch', models.PositiveIntegerField(db_default=django.db.models.expressions.RawSQL('audit_current_epoch()', []))),
                ('transaction_id', ground.audit.fields.TransactionIdField(db_default=django.db.models.expressions.RawSQL('pg_current_xact_id()', []))),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', 'stream', 'epoch', 'transaction_id', 'id'], name='audit_event_chain'), models.Index(fields=['organization_id', 'id'], name='audit_event_recent'), models.Index(condition=models.Q(('object_id', ''), _negated=True), fields=['organization_id', 'object_id', 'id'], name='audit_event_object')],
            },
        ),
        migrations.CreateModel(
            name='Expiry',
            fields=[
                ('id', models.UUIDField(default=ground.tenancy.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('stream', models.CharField(choices=[('evidence', 'Decisions and destructions'), ('access', 'Who looked at what')], max_length=16)),
                ('number', models.PositiveBigIntegerField()),
                ('block_hash', models.BinaryField()),
                ('older_than', models.DateTimeField()),
                ('expired_at', models.DateTimeField()),
                ('signature', models.BinaryField()),
                ('signing_key', models.CharField(max_length=128)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'stream', 'number'), name='audit_expiry_block')],
            },
        ),
        TenantTable("audit_alert"),
        TenantTable("audit_block"),
        TenantTable("audit_event"),
        TenantTable("audit_expiry"),
        AppendOnly("audit_epoch"),
        AppendOnly("audit_block"),
        AppendOnly("audit_expiry"),
        AppendOnlyUntilExpiry("audit_event"),
        Crossing(
            "audit_chains",
            arguments="",
            returns="TABLE (organization_id uuid, stream text)",
            body=sql.CHAINS,
        ),
        Crossing(
            "audit_pending",
            arguments="how_many integer",
            returns="TABLE (organization_id uuid, stream text)",
            body=sql.PENDING,
        ),
        Crossing("audit_stop_writers", arguments="", returns="void", body=sql.STOP_WRITERS),
        Crossing(
            "audit_expire_block",
            arguments="wanted_organization uuid, wanted_stream text, wanted_number bigint, wanted_older_than timestamptz",
            returns="integer",
            body=sql.EXPIRE_BLOCK,
            language="plpgsql",
        ),
    ]
