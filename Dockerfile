# The image Astro CLI and Astro build this project into; docs/airflow.md says how to use Airflow's official image instead.
# Astro Runtime 3.3-8 carries Airflow 3.3.2. Its build triggers install packages.txt and requirements.txt and copy the
# project, as the user astro (50000).
FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12

# Where an installation mounts what must outlive a container. No secret belongs into an image: the ledger's address with
# a password and the credentials of sources come from the environment or a secrets backend.
ENV OPENDATA_WORK=/var/lib/opendata/work \
    OPENDATA_STAGING=/var/lib/opendata/staging \
    OPENDATA_LEDGER=sqlite:////var/lib/opendata/ledger/ledger.sqlite \
    OPENDATA_EVIDENCE=/var/lib/opendata/ledger/evidence \
    PYTHONPATH=/usr/local/airflow

USER 0
RUN install -d -o 50000 -g root -m 0700 /var/lib/opendata/work /var/lib/opendata/ledger \
    && install -d -o 50000 -g root -m 0755 /var/lib/opendata/staging

USER 50000
# A build on another Airflow than the one the locks are of must not succeed.
ARG AIRFLOW_VERSION=3.3.2
RUN python -c "import sys; from importlib.metadata import version; found = version('apache-airflow-core').split('+')[0]; sys.exit(f'this image carries Airflow {found}, the locks are of ${AIRFLOW_VERSION}' if found != '${AIRFLOW_VERSION}' else 0)"
