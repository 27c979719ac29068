"""Talk to other systems over HTTP: patient, polite, and discreet about secrets. Knows no models and no settings."""
