"""Pictures that coordinators put into newsletters."""
