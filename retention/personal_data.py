"""What retention itself holds: decisions, counts and opaque ids."""

from ground.inventory import no_personal_data
from retention import models, planned

no_personal_data(models.OperatorDecision, "the operator's decision on a category")
no_personal_data(models.PeriodVersion, "a period with the id of the member who set it")
no_personal_data(models.SweepState, "when a sweep ran")
no_personal_data(models.SweepMark, "how far a sweep got")
no_personal_data(models.OverdueMeasure, "a figure")
no_personal_data(models.PurgeRun, "counts of a run")
no_personal_data(models.PurgeLine, "counts of a run")
no_personal_data(models.Approval, "a number and the id of the member who approved it")
no_personal_data(models.Certificate, "a number")
no_personal_data(models.Statement, "opaque ids, counts and moments, signed")
no_personal_data(models.Reconciliation, "counts")
no_personal_data(models.QuarantinedObject, "an opaque object name")
no_personal_data(
    planned.PlannedDestruction, "the opaque id of a call or contact, a count, and the ids of the members who decided"
)
