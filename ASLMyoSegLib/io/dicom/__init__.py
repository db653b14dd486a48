"""Series and results as DICOM."""
