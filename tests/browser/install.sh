#!/bin/sh
# What the tests of the dashboard need besides Python: Chromium and a Korean font. Debian and Ubuntu, as root.
set -eu
if command -v chromium >/dev/null && fc-list :lang=ko 2>/dev/null | grep -q .; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests of the dashboard in a browser are skipped: they need Chromium and a Korean font"
    echo "(Debian: apt-get install --no-install-recommends chromium fonts-nanum fontconfig)"
    exit 0
fi
echo "installing Chromium and a Korean font for the tests of the dashboard (a minute, once) ..."
export DEBIAN_FRONTEND=noninteractive
packages="chromium fonts-nanum fontconfig"
# shellcheck disable=SC2086
apt-get install -yqq --no-install-recommends $packages >/dev/null 2>&1 \
    || { apt-get update -qq && apt-get install -yqq --no-install-recommends $packages >/dev/null; }
