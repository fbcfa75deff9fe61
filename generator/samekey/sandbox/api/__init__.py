"""An API as its document tells it: requests judged, resources worked on, answers made up."""
