"""What teachers ask of the box: get a lesson now, keep it here, or leave it out."""
