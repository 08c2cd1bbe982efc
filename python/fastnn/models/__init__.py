"""Models: layers joined to a whole."""

from fastnn.models.model import Functional as Functional
from fastnn.models.model import Model as Model
from fastnn.models.model import Sequential as Sequential
from fastnn.models.model import clone_model as clone_model
from fastnn.models.model import load_model as load_model
from fastnn.models.model import model_from_json as model_from_json
from fastnn.models.model import save_model as save_model
