"""Models: layers joined to a whole, which can be trained."""

from fastnn.models.cloning import clone_model as clone_model
from fastnn.models.files import load_model as load_model
from fastnn.models.files import model_from_json as model_from_json
from fastnn.models.files import save_model as save_model
from fastnn.models.functional import Functional as Functional
from fastnn.models.model import Model as Model
from fastnn.models.sequential import Sequential as Sequential
