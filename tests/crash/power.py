#!/usr/bin/env python3
"""What a power cut leaves on the disk, out of the system calls of a run.

    power.py TRACE BEFORE ROOT STEP FIRST

TRACE: strace -f -y -xx of a run on ROOT, which was as BEFORE (all of that on disk). Behind each call
that changes something, disks are thought of on which changes that nothing has synced since are
missing. Of those that are new, each STEPth from the FIRSTth on, and all behind a call on the journal
or a reference of the history and at the end, are made in ROOT one by one: a line names it, a line on
stdin asks for the next. At the end what is on disk for certain is `finished`, and the last line is
`end MADE OF`. Called by power.test.

What is on disk: of a file or directory what it held at its last fsync (fdatasync: content alone), a
directory's names as one with it; of what is new, with its name: no content, the mode and owner it was
made with; of a link, its target too. A rename within a directory is one change. The disks:

    none      nothing else
    names     all names, no content: renamed before it was written
    content   all content, modes and owners, no names
    some      of names, contents, modes each as many of the changes, from the first on, as chance
              has it; names that no change connects each for themselves
"""
import hashlib
import os
import random
import re
import shutil
import stat
import sys

LOST_ANYWAY = "run"  # on a host it is in memory
DECIDES = re.compile(r"var/lib/l4sync(/[^/]*|/[^/]*/refs/.*)?$")
CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += +(-?\d+)")
ARGUMENT = re.compile(r'"((?:\\x..)*)"|(-?\w+)<((?:\\x..|[^>])*)>|([^,\s]+)')


class Inode:
    """current is what a process sees; durable, and the changes since, what a disk may hold."""

    def __init__(self, kind, mode, uid, gid, content, xattrs=(), mtime=None):
        self.kind, self.xattrs, self.mtime = kind, xattrs, mtime
        self.attributes = self.durable_attributes = (mode, uid, gid)
        self.content = content  # bytes; of a directory {name: Inode}
        self.durable = dict(content) if kind == "dir" else content
        self.changes, self.attribute_changes = [], []

    def write(self, content):
        self.content, self.mtime = content, None
        self.changes.append(content)

    def rename(self, names):
        """names: {name: Inode or None} that come to be at once"""
        for name, inode in names.items():
            if inode:
                self.content[name] = inode
            else:
                self.content.pop(name, None)
        self.changes.append(names)

    def set_attributes(self, mode=None, uid=None, gid=None):
        old = self.attributes
        new = tuple(o if n is None else n for o, n in zip(old, (mode, uid, gid)))
        self.attributes = new
        self.attribute_changes.append(new)

    def sync(self, attributes=True):
        self.durable = dict(self.content) if self.kind == "dir" else self.content
        self.changes = []
        if attributes:
            self.durable_attributes, self.attribute_changes = self.attributes, []

    def some_names(self, chance):
        groups = []  # of changes that share names
        for change in self.changes:
            touched = [g for g in groups if any(set(c) & set(change) for c in g)]
            groups = [g for g in groups if g not in touched]
            groups.append([c for g in touched for c in g] + [change])
        names = dict(self.durable)
        for group in groups:
            for change in group[: chance(len(group))]:
                names.update(change)
        return {name: inode for name, inode in names.items() if inode}

    def on_disk(self, variant, chance):
        if variant == "all" or (variant == "names" and self.kind == "dir"):
            content = self.content
        elif variant == "content" and self.kind != "dir":
            content = self.content
        elif variant == "some" and self.kind == "dir":
            content = self.some_names(chance)
        elif variant == "some":
            content = ([self.durable] + self.changes)[chance(len(self.changes))]
        else:
            content = self.durable
        attributes = self.durable_attributes
        if variant in ("all", "content"):
            attributes = self.attributes
        elif variant == "some":
            n = chance(len(self.attribute_changes))
            attributes = ([self.durable_attributes] + self.attribute_changes)[n]
        return content, attributes


def load(path):
    st = os.lstat(path)
    kind = {stat.S_IFDIR: "dir", stat.S_IFREG: "file", stat.S_IFLNK: "link"}[stat.S_IFMT(st.st_mode)]
    names = os.listxattr(path, follow_symlinks=False)
    xattrs = [(n, os.getxattr(path, n, follow_symlinks=False)) for n in names]
    if kind == "dir":
        content = {name: load(os.path.join(path, name)) for name in sorted(os.listdir(path))}
    elif kind == "file":
        with open(path, "rb") as f:
            content = f.read()
    else:
        content = os.fsencode(os.readlink(path))
    return Inode(kind, stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, content, xattrs, st.st_mtime_ns)


class Disk:
    def __init__(self, before, root):
        self.root, self.top = root, load(before)
        self.umask = os.umask(0)
        os.umask(self.umask)
        self.files = {}  # (process, descriptor): [inode, offset, appends]

    def find(self, path):
        inode = self.top
        for part in path.split("/"):
            inode = inode.content.get(part) if inode and part and inode.kind == "dir" else inode
        return inode

    def below(self, at, name=""):
        """The path below the root, or None of what is elsewhere."""
        path = os.path.normpath(os.path.join(at, name) if name else at)
        if path == self.root:
            return ""
        return path[len(self.root) + 1 :] if path.startswith(self.root + "/") else None

    def parent(self, path):
        return self.find(os.path.dirname(path)), os.path.basename(path)

    def make(self, path, kind, mode, content):
        parent, name = self.parent(path)
        inode = Inode(kind, mode, os.geteuid(), os.getegid(), content)
        parent.rename({name: inode})
        return inode

    def open(self, path, flags, mode, descriptor):
        inode = self.find(path)
        changed = False
        if not inode and "O_CREAT" in flags:
            inode, changed = self.make(path, "file", mode & ~self.umask, b""), True
        elif "O_TRUNC" in flags and inode.content:
            inode.write(b"")
            changed = True
        self.files[descriptor] = [inode, 0, "O_APPEND" in flags]
        return changed

    def write(self, descriptor, data, offset=None):
        file = self.files[descriptor]
        old = file[0].content
        at = len(old) if file[2] else file[1] if offset is None else offset
        file[0].write(old[:at].ljust(at, b"\0") + data + old[at + len(data) :])
        if offset is None:
            file[1] = at + len(data)

    def rename(self, source, target, exchange):
        a, a_name = self.parent(source)
        b, b_name = self.parent(target)
        moved, other = a.content[a_name], b.content.get(b_name) if exchange else None
        if moved is b.content.get(b_name) and not exchange:
            return
        if a is b:
            a.rename({a_name: other, b_name: moved})
        else:
            b.rename({b_name: moved})
            a.rename({a_name: other})

    def sync_all(self, inode):
        inode.sync()
        for below in inode.content.values() if inode.kind == "dir" else ():
            self.sync_all(below)

    def call(self, process, name, args, result):
        """The path that something has changed at, or None. args: [(string, descriptor, path of it, word)]"""
        paths = self.paths(name, args)
        numbers = [int(a[3], 8) for a in args if a[3] and re.fullmatch(r"0[0-7]*", a[3])]
        if name == "umask":
            self.umask = int(args[0][3], 8)
            return None
        if name == "lseek" and (process, args[0][1]) in self.files:
            self.files[process, args[0][1]][1] = result
            return None
        if not paths or paths[0] is None:
            return None
        if name in ("open", "openat", "openat2", "creat"):
            flags = "O_CREAT|O_TRUNC" if name == "creat" else args[2 if name != "open" else 1][3]
            made = self.open(paths[0], flags, numbers[-1] if numbers else 0, (process, str(result)))
            return paths[0] if made else None
        self.change(process, name, args, paths, numbers, result)
        return paths[-1]

    def paths(self, name, args):
        """The paths that a call is about: each string with the directory before it, or descriptors."""
        if name in ("write", "pwrite64") or not any(a[0] is not None for a in args):
            return [self.below(a[2]) for a in args[:1] if a[2]]
        found, at = [], "/"
        for string, _, path, _ in args:
            if path is not None:
                at = path
            elif string is not None:
                found.append(self.below(at, string))
        return found[1:] if name.startswith("symlink") else found

    def change(self, process, name, args, paths, numbers, result):
        inode = self.find(paths[0])
        if name in ("write", "pwrite64"):
            data = os.fsencode(args[1][0])[:result]
            self.write((process, args[0][1]), data, int(args[3][3]) if name == "pwrite64" else None)
        elif name in ("ftruncate", "truncate"):
            size = int(args[1][3])
            inode.write(inode.content[:size].ljust(size, b"\0"))
        elif name.startswith("mkdir"):
            self.make(paths[0], "dir", numbers[-1] & ~self.umask, {})
        elif name.startswith("symlink"):
            self.make(paths[0], "link", 0o777, os.fsencode(args[0][0]))
        elif name.startswith("rename"):
            self.rename(paths[0], paths[1], args[-1][3] == "RENAME_EXCHANGE")
        elif name.startswith("link"):
            parent, at = self.parent(paths[1])
            parent.rename({at: inode})
        elif name in ("unlink", "unlinkat", "rmdir"):
            parent, at = self.parent(paths[0])
            parent.rename({at: None})
        elif "chmod" in name:
            inode.set_attributes(mode=numbers[-1])
        elif "chown" in name:
            words = [a[3] for a in args if a[3] and re.fullmatch(r"-?\d+", a[3])]
            ids = [None if w == "-1" else int(w) for w in words[:2]]
            # The kernel takes the set-ID bits away.
            inode.set_attributes(inode.attributes[0] & ~0o6000 if inode.kind == "file" else None, *ids)
        elif name in ("fsync", "fdatasync"):
            inode.sync(attributes=name == "fsync")
        elif name in ("syncfs", "sync"):
            self.sync_all(self.top)
        elif name.startswith("utime"):
            pass
        else:
            sys.exit(f"power.py: {name} is not modelled")


def tree_of(disk, variant, chance):
    """[(path, kind, attributes, content, xattrs, mtime)], parents first"""
    out, chosen = [], {}

    def walk(path, inode):
        if inode not in chosen:
            chosen[inode] = inode.on_disk(variant, chance)
        content, attributes = chosen[inode]
        names = sorted(content) if inode.kind == "dir" else ()
        out.append((path, inode.kind, attributes, b"" if inode.kind == "dir" else content, inode))
        for name in names:
            if path or name != LOST_ANYWAY:
                walk(f"{path}/{name}" if path else name, content[name])

    walk("", disk.top)
    return out


def digest(tree):
    h = hashlib.sha256()
    for path, kind, attributes, content, _ in tree:
        h.update(repr((path, kind, attributes, content)).encode())
    return h.digest()


def materialize(tree, root):
    shutil.rmtree(root)
    for path, kind, (mode, uid, gid), content, inode in tree:
        full = os.path.join(root, path) if path else root
        if kind == "dir":
            os.mkdir(full)
        elif kind == "link":
            os.symlink(os.fsdecode(content), full)
        else:
            with open(full, "wb") as f:
                f.write(content)
        os.chown(full, uid, gid, follow_symlinks=False)
        if kind != "link":
            os.chmod(full, mode)
        for name, value in inode.xattrs:
            os.setxattr(full, name, value, follow_symlinks=False)
        if inode.mtime is not None:
            os.utime(full, ns=(inode.mtime, inode.mtime), follow_symlinks=False)
    os.makedirs(os.path.join(root, LOST_ANYWAY), exist_ok=True)


def decode(text):
    return os.fsdecode(bytes.fromhex(text.replace("\\x", ""))) if text.startswith("\\x") else text


def calls(trace):
    """(line, process, name, args, result) of the calls that succeeded"""
    with open(trace, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            match = CALL.match(line)
            if not match or int(match[4]) < 0:
                continue
            args = [
                (
                    None if a[1] is None else decode(a[1]),
                    a[2],
                    None if a[3] is None else decode(a[3]),
                    a[4],
                )
                for a in ARGUMENT.finditer(match[3])
            ]
            yield number, match[1], match[2], args, int(match[4])


def chances(seed):
    """A function that says how many of n changes are on disk: often all or none."""
    dice = random.Random(seed)
    weight = dice.choice((0.2, 0.5, 0.9))

    def chance(n):
        if dice.random() < 0.5:
            return n if dice.random() < weight else 0
        return dice.randint(0, n)

    return chance


def offer(tree, root, name):
    """Makes the disk; False when no more are wanted."""
    materialize(tree, root)
    print(name, flush=True)
    return bool(sys.stdin.readline())


def main():
    trace, before, root = sys.argv[1:4]
    step, first = int(sys.argv[4]), int(sys.argv[5])
    disk, seen = Disk(before, root), set()
    made = of = 0
    for number, process, name, args, result in calls(trace):
        path = disk.call(process, name, args, result)
        if path is None:
            continue
        for variant in ("none", "names", "content", "some"):
            tree = tree_of(disk, variant, chances(f"{number} {variant}"))
            key = digest(tree)
            if key in seen:
                continue
            seen.add(key)
            of += 1
            if (of + first) % step and not DECIDES.match(path):
                continue
            made += 1
            if not offer(tree, root, f"line {number} {name} {variant}"):
                return
    if not offer(tree_of(disk, "none", None), root, "finished"):
        return
    # The model is right only if all changes together are what the run really left.
    materialize(tree_of(disk, "all", None), root)
    print(f"end {made} {of}", flush=True)


main()
