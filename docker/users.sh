#!/usr/bin/env bash
# Creates the agents and the administrator at Synapse, and prints how to log in.
# Users that are there stay as they are.
set -euo pipefail

: "${CONFIG:=/config}"                                # where setup.sh wrote
: "${SYNAPSE_URL:=http://synapse:8008}"               # Synapse, as this script sees it
: "${SERVER_NAME:=localhost}"
: "${REGISTER:=register_new_matrix_user}"             # comes with Synapse

create() { # user, role: --admin or --no-admin
    "$REGISTER" --config "$CONFIG/synapse/homeserver.yaml" --exists-ok \
        --user "$1" --password-file "$CONFIG/secrets/password_$1" "$2" "$SYNAPSE_URL"
    printf '%-24s %s\n' "@$1:$SERVER_NAME" "$(<"$CONFIG/secrets/password_$1")"
}

create anna --no-admin
create ben --no-admin
create admin --admin
