"""Nothing of anybody."""

from ground.inventory import no_personal_data
from soak.ledger.models import Begun, Effect

no_personal_data(Effect, "ids of jobs of a soak")
no_personal_data(Begun, "ids of jobs of a soak")
