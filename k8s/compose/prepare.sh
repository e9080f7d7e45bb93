#!/bin/sh
# Makes the secrets of the compose installation below k8s/compose/secrets: keys for the tenant "tenant-a". Never overwrites.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
if [ ! -e secrets/vault.toml ]; then
  umask 027
  {
    echo '[tenants.tenant-a]'
    echo 'current = "k1"'
    echo "index = \"$(openssl rand -base64 32)\""
    echo "keys = { k1 = \"$(openssl rand -base64 32)\" }"
  } > secrets/vault.toml
  # The services run as 65532 and read by the group.
  chgrp 65532 secrets/vault.toml || echo "run as root, or: chgrp 65532 k8s/compose/secrets/vault.toml"
fi
[ -e secrets/jwks.json ] || echo "put the keys (JWKS) of your token issuer into k8s/compose/secrets/jwks.json and set REDRESS_ISSUER"
