#!/bin/sh
# Installs what is missing for building, running the demo and testing, through apt; never starts or enables a service.
set -eu
packages="gcc make libc6-dev pkg-config libmodbus-dev libmosquitto-dev libiniparser-dev libjansson-dev libsodium-dev
zlib1g-dev libcurl4-openssl-dev libsqlite3-dev libcsv-dev libxlsxwriter-dev libcmocka-dev mosquitto mosquitto-clients influxdb victoria-metrics
chromium poppler-utils fonts-wqy-zenhei python3 python3-paho-mqtt python3-pymodbus python3-serial python3-serial-asyncio openssl tzdata procps ca-certificates systemd libfaketime"
missing=
for p in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
if [ "$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null 2>&1; then as_root=sudo; else
    echo "these Debian packages are missing and need root to install (no sudo here):$missing" >&2
    exit 1
fi
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
    made=1
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
fi
trap '[ -z "$made" ] || $as_root rm -f $policy' EXIT
$as_root apt-get update -q
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing </dev/null
for p in mosquitto influxdb victoria-metrics; do # what came new is for tests here: its service stays off
    case " $missing " in *" $p "*) ;; *) continue ;; esac
    dpkg -L "$p" | grep -E '/systemd/system/[^/]+\.service$' | while read -r unit; do
        $as_root systemctl --quiet disable "$(basename "$unit")" >/dev/null 2>&1 || echo "could not disable $unit" >&2
    done
done
