#!/bin/sh
# fetch-debian.sh SUITE DIR PACKAGE...
#
# Downloads packages of a Debian suite and unpacks them in DIR. Only the packages that are named:
# --with-dependencies before SUITE adds everything that they need, down to the C library. Uses the
# mirror that this system's apt is configured with; nothing outside DIR is touched, no root needed.
set -eu

dependencies=no
if [ "${1:-}" = --with-dependencies ]; then
  dependencies=yes
  shift
fi
suite=${1:?usage: fetch-debian.sh [--with-dependencies] SUITE DIR PACKAGE...}
dest=${2:?usage: fetch-debian.sh [--with-dependencies] SUITE DIR PACKAGE...}
shift 2

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
apt=$dest/.apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
# An empty status file: to apt nothing is installed, so it fetches every dependency.
: >"$apt/status"

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$') || {
  echo "fetch-debian.sh: apt-get on this system names no Debian mirror; run 'apt-get update' once" >&2
  exit 1
}
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "";
#clear APT::Update::Post-Invoke;
#clear DPkg::Post-Invoke;
CONF

apt-get -c "$apt/apt.conf" -qq update
if [ "$dependencies" = yes ]; then
  apt-get -c "$apt/apt.conf" -qq -y -d install "$@" >/dev/null
else
  (cd "$apt/cache/archives" && apt-get -c "$apt/apt.conf" -qq download "$@")
fi
for package in "$apt"/cache/archives/*.deb; do dpkg -x "$package" "$dest"; done
rm -rf "$apt"
