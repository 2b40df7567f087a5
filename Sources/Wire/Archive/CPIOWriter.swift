/// Writes the cpio format `newc` that the kernel unpacks as an initramfs
/// (Documentation/driver-api/early-userspace/buffer-format.rst).
///
/// Equal entries give equal bytes: no times, every owner is root, inode numbers are counted up.
package struct CPIOWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var inode: UInt32 = 0
    private var directories: Set<String> = []

    package init() {}

    /// Adds a directory and any parents that are missing.
    package mutating func addDirectory(_ path: String, mode: UInt32 = 0o755) {
        var parent = ""
        for part in path.split(separator: "/") {
            parent += parent.isEmpty ? String(part) : "/\(part)"
            guard directories.insert(parent).inserted else { continue }
            write(parent, mode: 0o040000 | (parent == path ? mode : 0o755), data: [])
        }
    }

    package mutating func addFile(_ path: String, mode: UInt32 = 0o644, data: [UInt8]) {
        addParent(of: path)
        write(path, mode: 0o100000 | mode, data: data)
    }

    package mutating func addSymbolicLink(_ path: String, to target: String) {
        addParent(of: path)
        write(path, mode: 0o120777, data: Array(target.utf8))
    }

    package mutating func addCharacterDevice(_ path: String, mode: UInt32, major: UInt32, minor: UInt32) {
        addParent(of: path)
        write(path, mode: 0o020000 | mode, data: [], device: (major, minor))
    }

    /// The end marker; the archive is complete only with it.
    package mutating func finish() {
        write("TRAILER!!!", mode: 0, data: [])
        while bytes.count % 512 != 0 { bytes.append(0) }
    }

    private mutating func addParent(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        addDirectory(String(path[..<slash]))
    }

    private mutating func write(
        _ path: String, mode: UInt32, data: [UInt8], device: (UInt32, UInt32) = (0, 0)
    ) {
        inode += 1
        let linkCount: UInt32 = mode & 0o170000 == 0o040000 ? 2 : 1
        let header: [UInt32] = [
            inode, mode, 0, 0, linkCount, 0, UInt32(data.count), 0, 0, device.0, device.1,
            UInt32(path.utf8.count + 1), 0,
        ]
        bytes.write("070701")
        for number in header {
            let digits = String(number, radix: 16, uppercase: true)
            bytes.write(String(repeating: "0", count: 8 - digits.count) + digits)
        }
        bytes.write(path)
        bytes.append(0)
        pad()
        bytes.append(contentsOf: data)
        pad()
    }

    private mutating func pad() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }
}
