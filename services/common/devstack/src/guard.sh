# shellcheck shell=sh disable=SC2046,SC2086 # lists of numbers are split into words on purpose
# The guard of a group of processes: see guard.rs. Argument: the folder to remove in the end, or nothing.
# Reads `watch PID` and `forget PID` from its input. The input ends when the process that started the guard is gone,
# in whatever way; then the guard ends what is still watched.
trap '' HUP INT QUIT TERM
folder=$1
watched=
while read -r verb pid; do
    kept=
    for other in $watched; do
        [ "$other" = "$pid" ] || kept="$kept $other"
    done
    watched=$kept
    [ "$verb" = watch ] && watched="$watched $pid"
done

# PostgreSQL's backends lead groups of their own, so they are found as children. A stopped parent makes no new ones.
if [ -n "$watched" ]; then
    kill -STOP $watched
    tree=$watched
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        # After the name in brackets, which may hold anything: state, parent, …
        set -- ${line##*) }
        case "$watched " in
        *" $2 "*)
            pid=${stat#/proc/}
            tree="$tree ${pid%/stat}"
            ;;
        esac
    done
    for pid in $watched; do
        kill -KILL -- "-$pid"
    done
    kill -KILL $tree
fi

[ -n "$folder" ] || exit 0
# A killed PostgreSQL leaves its System V segment behind; the 7th line of its lock file has key and id.
set -- $(sed -n 7p "$folder/postgres/postmaster.pid")
[ -n "$2" ] && ipcrm -m "$2"
# Something killed may still be in its last system call and make one more file.
tries=0
while rm -rf -- "$folder"; [ -e "$folder" ] && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
