"""What a release says of itself, in the forms that programs read: CKAN, DCAT-US, Dublin Core, schema.org, a dictionary."""
