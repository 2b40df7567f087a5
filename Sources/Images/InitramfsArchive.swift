import Foundation
import Linux
import Wire

/// The two archives of a node's initramfs: an image's kernel modules, and Roost's own part, which is the same for every image and changes
/// only with the server.
package enum InitramfsArchive {
    /// busybox applets that `init` and its steps use.
    private static let applets = [
        "awk", "cat", "chmod", "chroot", "cp", "cpio", "cut", "date", "dd", "dirname", "echo", "find",
        "findfs",
        "grep",
        "head", "ip", "kill",
        "ln", "ls", "mkdir", "mkswap", "modprobe", "mount", "mv", "ping", "ps", "reboot", "rm", "sed",
        "setsid", "sh",
        "sha256sum",
        "sleep", "sort", "stat", "switch_root",
        "sync", "tail", "test", "tr", "udhcpc", "umount", "vi", "dmesg", "cttyhack", "lsmod", "blkid",
        "printf", "xargs",
    ]

    /// Packs everything below `directory`, in path order, and compresses it.
    static func pack(directory: String, to path: String, level: Int = 19) throws {
        var archive = CPIOWriter()
        let files = FileManager.default
        guard let names = files.enumerator(atPath: directory) else {
            throw ImageLacks("cannot read \(directory)")
        }
        for name in names.allObjects.compactMap({ $0 as? String }).sorted() {
            var isDirectory: ObjCBool = false
            guard unsafe files.fileExists(atPath: "\(directory)/\(name)", isDirectory: &isDirectory) else {
                continue
            }
            if isDirectory.boolValue {
                archive.addDirectory(name)
            } else {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))
                guard UInt32(exactly: data.count) != nil else {
                    throw ImageLacks("\(name) has 4 GiB or more, which no initramfs can hold")
                }
                archive.addFile(name, data: [UInt8](data))
            }
        }
        archive.finish()
        try compress(archive.bytes, to: path, level: level)
    }

    /// zstd, padded with zeros to a multiple of four bytes: boot loaders concatenate archives, and the kernel looks for the next one only
    /// at such offsets.
    private static func compress(_ bytes: [UInt8], to path: String, level: Int) throws {
        var data = try Program("zstd", package: "zstd").run(
            ["-q", "-c", "-\(level)", "-T0", "--no-check", "--stream-size=\(bytes.count)"],
            input: Data(bytes))
        while data.count % 4 != 0 { data.append(0) }
        try WholeFile.writeForNow(path, [UInt8](data))
    }

    /// Builds the archive with `init`, its steps, busybox and `roost-node`.
    ///
    /// - Parameters:
    ///   - nodeProgram: a static `roost-node`.
    ///   - busybox: a static busybox.
    ///   - serverKey: the node accepts only configuration signed with it.
    package static func makeNodeArchive(
        nodeProgram: String, busybox: String, serverKey: [UInt8], to path: String
    ) throws {
        var archive = CPIOWriter()
        for directory in ["dev", "proc", "sys", "run", "tmp", "root", "etc", "sysroot"] {
            archive.addDirectory(directory)
        }
        // The kernel opens it for init before anything is mounted.
        archive.addCharacterDevice("dev/console", mode: 0o600, major: 5, minor: 1)
        archive.addCharacterDevice("dev/null", mode: 0o666, major: 1, minor: 3)
        archive.addFile(
            "bin/busybox", mode: 0o755, data: try staticProgram(busybox, package: "busybox-static"))
        for applet in applets { archive.addSymbolicLink("bin/\(applet)", to: "busybox") }
        archive.addSymbolicLink("sbin", to: "bin")
        archive.addFile("bin/roost-node", mode: 0o755, data: try staticProgram(nodeProgram, package: "roost"))
        for (name, text) in NodeScripts.all {
            archive.addFile(
                name == "init" ? "init" : "lib/roost/\(name)", mode: 0o755, data: Array(text.utf8))
        }
        archive.addFile("lib/roost/server-key", data: serverKey)
        archive.finish()
        // At each start of the server: level 12 takes three times as long and saves one percent.
        try compress(archive.bytes, to: path, level: 9)
    }

    /// The architecture that a program runs on, as Debian names it: `e_machine` of its ELF header.
    package static func architecture(ofProgram path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path), let head = try file.read(upToCount: 20),
            head.count == 20, head.starts(with: [0x7F, 0x45, 0x4C, 0x46])
        else { throw ImageLacks("\(path) is not a program") }
        let names: [Int: String] = [62: "amd64", 183: "arm64", 3: "i386", 243: "riscv64"]
        let machine = Int(head[18]) | Int(head[19]) << 8
        guard let name = names[machine] else {
            throw ImageLacks("\(path) is for machine type \(machine), which no node has")
        }
        return name
    }

    /// Throws where a program needs libraries, which the initramfs does not have.
    ///
    /// - Parameter package: where there is one that does not.
    package static func requireStatic(_ path: String, package: String) throws {
        _ = try staticProgram(path, package: package)
    }

    /// A statically linked program: the initramfs has no libraries.
    private static func staticProgram(_ path: String, package: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ImageLacks("\(path) does not exist (install \(package))")
        }
        // PT_INTERP in the program headers names a dynamic linker.
        guard data.count > 64, data.prefix(4) == Data([0x7F, 0x45, 0x4C, 0x46]) else {
            throw ImageLacks("\(path) is not a program")
        }
        let bytes = [UInt8](data)
        func number(at offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        let (tableStart, entryByteCount, entryCount) = (
            number(at: 32, 8), number(at: 54, 2), number(at: 56, 2)
        )
        for index in 0..<entryCount where bytes.indices.contains(tableStart) {
            let start = tableStart + index * entryByteCount
            guard start + 4 <= bytes.count else { break }
            if number(at: start, 4) == 3 {
                throw ImageLacks(
                    "\(path) is not a static program, and the initramfs has no libraries (install \(package))"
                )
            }
        }
        return bytes
    }
}
