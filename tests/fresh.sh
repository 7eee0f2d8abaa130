#!/bin/sh
# Proves `make demo` and `make test` in a clean Debian 12: debootstrap, the committed tree, nothing else.  Root needed.
# The mirror is this machine's own.  FRESH_DIR: where (kept on failure), usual a folder under /var/tmp.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "make fresh needs root (debootstrap, chroot)" >&2; exit 1; }
command -v debootstrap >/dev/null 2>&1 || { apt-get update -q && apt-get install -y -q --no-install-recommends debootstrap; }
root=${FRESH_DIR:-$(mktemp -d /var/tmp/quietair-fresh.XXXXXX)}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m1 '/debian/*$' || echo http://deb.debian.org/debian)
echo "bare root in $root"
debootstrap --variant=minbase --include=make,ca-certificates bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
cp /etc/apt/sources.list "$root/etc/apt/" 2>/dev/null || true
cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$root/etc/apt/" 2>/dev/null || true
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
chmod 755 "$root" # as a real root: other users pass through it
mkdir -p "$root/src"
git archive HEAD | tar -x -C "$root/src"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
trap 'umount -l "$root/proc" "$root/dev"' EXIT
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy} \
    chroot "$root" sh -ec "cd /src; DEMO_SECONDS=60 make demo; ${FRESH_TEST:-make test}"
echo "fresh: demo and test passed in a bare root"
umount -l "$root/proc" "$root/dev"
trap - EXIT
[ -n "${FRESH_DIR:-}" ] || rm -rf --one-file-system "$root"
