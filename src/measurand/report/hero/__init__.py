"""The first screen of the page, as plain records: `parts`, made of benchmarks or of models, put together in `views`."""

from measurand.report.hero.parts import Bullet, Count, Picture, Row, View
from measurand.report.hero.views import views

__all__ = ["Bullet", "Count", "Picture", "Row", "View", "views"]
