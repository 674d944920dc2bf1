#!/bin/sh
# Runs the service as the container of deploy/Dockerfile does, without Docker: in namespaces of its
# own, on a read-only root, as user 10001 without any privilege. Needs to be started as root.
#
#   unshare --mount --pid --net --ipc --fork container.sh ROOT HEALTHCHECK ENV... -- PATH...
#
# ROOT is an empty folder, HEALTHCHECK a Python program, ENV as of the image, PATH what the
# interpreter needs beside the system. Prints what a test wants to know.
set -eu
root=$1 healthcheck=$2 scratch=/tmp
shift 2
environment=
while [ "$1" != -- ]; do environment="$environment $1"; shift; done
shift

mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir "$root$scratch"
mount -t tmpfs -o mode=1777 tmpfs "$root$scratch"  # first: what is needed may lie in it
for path in /usr /bin /lib /lib64 /sbin "$@"; do
    if [ -L "$path" ]; then
        cp -a "$path" "$root$path"
    elif [ -e "$path" ]; then
        mkdir -p "$root$path"
        mount --bind "$path" "$root$path"
        mount -o remount,ro,bind "$root$path"
    fi
done
mkdir -p "$root/proc" "$root/dev" "$root/data" "$root/etc/maskwatch"
cp -a /etc/ld.so.cache /etc/passwd /etc/group "$root/etc/"
echo "{}" > "$root/etc/maskwatch/maskwatch.yaml"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=0700,uid=10001,gid=10001 tmpfs "$root/data"
mount -o remount,ro "$root"

# The loopback of a new network is down: SIOCSIFFLAGS, IFF_UP | IFF_LOOPBACK | IFF_RUNNING.
python=$(command -v "$PYTHON")
"$python" -c "
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x49))"

cat > "$root$scratch/inside.sh" <<INSIDE
cd /data
"$python" -m maskwatch serve --log-format json > $scratch/log 2>&1 &
service=\$!
until "$python" -c "$healthcheck" 2> /dev/null; do
    kill -0 \$service 2> /dev/null || { cat $scratch/log; exit 3; }
    sleep 0.5
done
echo "user \$(id -u)"
for place in / /etc /usr "\$HOME"; do
    touch "\$place/x" 2> /dev/null && echo "writable \$place"
done
grep CapEff /proc/\$service/status
ls -A /data
kill -TERM \$service
wait \$service && echo stopped
grep -c Traceback $scratch/log || true
INSIDE
# shellcheck disable=SC2086 # the environment is several words
exec chroot "$root" setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs \
    --bounding-set=-all env -i $environment HOME=/root sh $scratch/inside.sh
