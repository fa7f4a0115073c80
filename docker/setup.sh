#!/usr/bin/env bash
# Makes the secrets and the configuration of Synapse, the bridge and the shop page.
# What is there stays: running it again changes nothing but what follows from the settings below.
# Some names are only read indirectly, by render.
# shellcheck disable=SC2034
set -euo pipefail

# Settings, all from the environment, with what compose.yaml uses as defaults.
: "${CONFIG:=/config}"                                # where everything is written
: "${TEMPLATES:=/usr/share/switchboard}"              # where the *.in files are
: "${SERVER_NAME:=localhost}"                         # the part after the colon in users' ids
: "${SYNAPSE_URL:=http://synapse:8008}"               # Synapse, as the bridge sees it
: "${SYNAPSE_PUBLIC_URL:=http://localhost:8008}"      # Synapse, as agents' clients see it
: "${SYNAPSE_PORT:=8008}"
: "${SYNAPSE_DATA:=/data}"                            # where Synapse keeps media
: "${DATABASE_KIND:=postgres}"                        # postgres or sqlite
: "${APPSERVICE_URL:=http://bridge:9010}"             # the bridge, as Synapse sees it
: "${APPSERVICE_PORT:=9010}"
: "${PUBLIC_URL:=http://localhost:9011}"              # the bridge, as customers' browsers see it
: "${GATEWAY_PORT:=9011}"
: "${OPERATIONS_PORT:=9012}"
: "${BRIDGE_DATA:=/data}"                             # where the bridge keeps its store
: "${SHOP_URL:=http://localhost:9020}"                # the page with the chat
: "${BIND:=0.0.0.0}"                                  # the address to listen on
: "${SWITCHBOARD:=switchboard}"                       # the bridge's program
: "${OWNERS:=}"                                       # "yes": give each part to its service's user

umask 077
mkdir -p "$CONFIG"/{secrets,synapse,bridge,shop,postgres}

random() { # length: letters and digits
    LC_ALL=C tr -dc 'A-Za-z0-9' < <(head -c $(($1 * 16)) /dev/urandom) | head -c "$1"
}

secret() { # name, length: the secret of that name, made if it is not there
    local file="$CONFIG/secrets/$1"
    if [[ ! -s $file ]]; then
        random "$2" >"$file.new"
        mv "$file.new" "$file"
    fi
    cat "$file"
}

AS_TOKEN=$(secret as_token 64)
HS_TOKEN=$(secret hs_token 64)
REGISTRATION_SECRET=$(secret registration 64)
MACAROON_SECRET=$(secret macaroon 64)
FORM_SECRET=$(secret form 64)
POSTGRES_PASSWORD=$(secret postgres 32)
for user in anna ben admin; do
    secret "password_$user" 16 >/dev/null
done

if [[ $DATABASE_KIND == postgres ]]; then
    DATABASE="database:
  name: psycopg2
  args: { host: postgres, user: synapse, password: \"$POSTGRES_PASSWORD\", dbname: synapse }"
else
    DATABASE="database:
  name: sqlite3
  args: { database: \"$SYNAPSE_DATA/homeserver.db\" }"
fi

render() { # template, output
    local text name
    text=$(<"$TEMPLATES/$1")
    for name in CONFIG SERVER_NAME SYNAPSE_URL SYNAPSE_PUBLIC_URL SYNAPSE_PORT SYNAPSE_DATA \
        DATABASE APPSERVICE_URL APPSERVICE_PORT PUBLIC_URL GATEWAY_PORT OPERATIONS_PORT \
        BRIDGE_DATA SHOP_URL BIND AS_TOKEN HS_TOKEN REGISTRATION_SECRET MACAROON_SECRET \
        FORM_SECRET; do
        text=${text//"@$name@"/"${!name}"}
    done
    printf '%s\n' "$text" >"$CONFIG/$2"
}

render homeserver.yaml.in synapse/homeserver.yaml
render log.yaml.in synapse/log.yaml
render switchboard.toml.in bridge/switchboard.toml

page=$(<"$TEMPLATES/shop.html.in")
page=${page//"{gateway}"/"$PUBLIC_URL"}
printf '%s\n' "${page//"{site}"/shop}" >"$CONFIG/shop/index.html"

if [[ ! -s $CONFIG/synapse/signing.key ]]; then
    seed=$(head -c 32 /dev/urandom | base64 | tr -d '=\n')
    printf 'ed25519 a_%s %s\n' "$(random 4)" "$seed" >"$CONFIG/synapse/signing.key"
fi
printf '%s' "$POSTGRES_PASSWORD" >"$CONFIG/postgres/password"

"$SWITCHBOARD" --config "$CONFIG/bridge/switchboard.toml" registration \
    --output "$CONFIG/synapse/registration.yaml"

# The shop is public; the rest is for its service only.
chmod 755 "$CONFIG" "$CONFIG/shop"
chmod 644 "$CONFIG/shop/index.html"
if [[ $OWNERS == yes ]]; then
    chown -R 991:991 "$CONFIG/synapse" /synapse-data # the Synapse image's user
    chown -R 10001:10001 "$CONFIG/bridge" /bridge-data # the bridge image's user
    chown -R 70:70 "$CONFIG/postgres"                # the PostgreSQL image's user (Alpine)
fi
echo "The configuration is in $CONFIG."
