"""Callbacks: objects that `fit`, `evaluate` and `predict` call around epochs and batches."""

from fastnn.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from fastnn.callbacks.callback import Callback as Callback
from fastnn.callbacks.callback import Logs as Logs
from fastnn.callbacks.callback_list import CallbackList as CallbackList
from fastnn.callbacks.csv_logger import CSVLogger as CSVLogger
from fastnn.callbacks.early_stopping import EarlyStopping as EarlyStopping
from fastnn.callbacks.history import History as History
from fastnn.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from fastnn.callbacks.learning_rate_scheduler import LearningRateScheduler as LearningRateScheduler
from fastnn.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from fastnn.callbacks.progress import ProgbarLogger as ProgbarLogger
from fastnn.callbacks.progress import settled_verbosity as settled_verbosity
from fastnn.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from fastnn.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN
