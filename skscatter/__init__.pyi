from ._cache.store import (
    RowStore as RowStore,
)
from ._cache.store import (
    RowStoreWarning as RowStoreWarning,
)
from ._displays.filter_bank import FilterBankDisplay as FilterBankDisplay
from ._displays.importance import PathImportanceDisplay as PathImportanceDisplay
from ._displays.scalogram import ScalogramDisplay as ScalogramDisplay
from ._displays.scattering import ScatteringDisplay as ScatteringDisplay
from ._displays.time_frequency import TimeFrequencyDisplay as TimeFrequencyDisplay
from ._estimators.classifier import ScatteringClassifier as ScatteringClassifier
from ._estimators.ppv import WaveletPPV as WaveletPPV
from ._estimators.scattering import (
    LogScattering1D as LogScattering1D,
)
from ._estimators.scattering import (
    Scattering1D as Scattering1D,
)
from ._estimators.selection import SelectPaths as SelectPaths
from ._estimators.time_frequency import (
    LogTimeFrequencyScattering as LogTimeFrequencyScattering,
)
from ._estimators.time_frequency import (
    TimeFrequencyScattering as TimeFrequencyScattering,
)
from ._signals.framing import frame_signal as frame_signal

__version__: str
