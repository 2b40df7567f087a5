import Foundation
import Glibc
import Linux
import Testing

/// The kernel's interfaces, as any user may use them.
@Suite final class LinuxTests {
    private let directory = NSTemporaryDirectory() + "roost-linux-\(UUID())"

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }

    // MARK: Netlink

    @Test func `attributes are numbers in the machine's order, and nested ones have a length and a type`() {
        typealias Attribute = GenericNetlink.Attribute
        #expect(Attribute.number32(1, 0x0102_0304).bytes == [4, 3, 2, 1])
        #expect(Attribute.number64(2, 0x0102).bytes == [2, 1, 0, 0, 0, 0, 0, 0])
        let nested = Attribute.nested(3, [.number32(1, 0xAA), .number64(2, 1)])
        #expect(nested.type == 0x8003)
        #expect(nested.bytes == [8, 0, 1, 0, 0xAA, 0, 0, 0, 12, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(Attribute.nested(3, []).bytes.isEmpty)
    }

    @Test func `a family, a group and a command that the kernel lacks are refused with their names`() throws {
        // The controller itself is a family that every kernel has.
        var controller = try GenericNetlink(family: "nlctrl")
        #expect(throws: SystemError("join netlink group none", number: ENOENT)) {
            try controller.join("none")
        }
        let refused: SystemError?
        do {
            try controller.command(200, [], "try a command")
            refused = nil
        } catch { refused = error }
        #expect(refused == SystemError("try a command", number: EOPNOTSUPP))
        #expect(throws: SystemError("find netlink family roost-none", number: ENOENT)) {
            _ = try GenericNetlink(family: "roost-none")
        }
    }

    // MARK: Errors

    @Test(arguments: [
        (EACCES, "open x: Permission denied (run as root, or give this user the right)"),
        (ENOSPC, "open x: No space left on device (free some space)"),
        (EADDRINUSE, "open x: Address already in use (‘ss -tulpn’ shows by which program)"),
        (ENOENT, "open x: No such file or directory"),
    ])
    func `an error says what was attempted, why it failed, and what to do`(number: Int32, text: String) {
        #expect(SystemError("open x", number: number).description == text)
    }

    @Test func `a call that a signal interrupted is repeated, and no other`() {
        var calls = 0
        let result = retrying { () -> Int32 in
            calls += 1
            errno = calls < 3 ? EINTR : EIO
            return -1
        }
        #expect(result == -1 && calls == 3)
    }

    // MARK: Files

    @Test func `a listing has names in order, hidden ones when they are wanted, and no missing directory`()
        throws
    {
        for name in ["b", "a", ".c"] { try write("", name) }
        #expect(DirectoryListing.names(in: directory) == ["a", "b"])
        #expect(DirectoryListing.names(in: directory, hidden: true) == [".c", "a", "b"])
        #expect(DirectoryListing.names(in: "\(directory)/none").isEmpty)
    }

    @Test func `a walk follows no links, and descends only where it is told to`() throws {
        let files = FileManager.default
        for name in ["one", "two"] {
            try files.createDirectory(atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
            try write("1234", "\(name)/file")
        }
        try files.createSymbolicLink(atPath: "\(directory)/loop", withDestinationPath: directory)
        var seen: [String: UInt32] = [:]
        DirectoryListing.walk(directory) { entry in
            seen[entry.path] = entry.kind
            #expect(entry.path != "one/file" || entry.byteCount == 4)
            return entry.path != "two"
        }
        #expect(seen == ["one": S_IFDIR, "one/file": S_IFREG, "two": S_IFDIR, "loop": S_IFLNK])
    }

    @Test func `a status tells kinds and names apart, and who may change a directory`() throws {
        try write("", "file")
        let file = "\(directory)/file"
        #expect(try #require(FileStatus(file)).isFile)
        #expect(unsafe symlink(file, "\(directory)/link") == 0 && link(file, "\(directory)/second") == 0)
        #expect(try #require(FileStatus("\(directory)/link")).isLink)
        let followed = try #require(FileStatus("\(directory)/link", follows: true))
        #expect(followed.isFile && followed.linkCount == 2 && followed.user == geteuid())
        #expect(FileStatus("\(directory)/none") == nil)
        for (mode, isOpen) in [(0o755, false), (0o775, true), (0o757, true), (0o1777, false)]
            as [(mode_t, Bool)]
        {
            #expect(unsafe chmod(directory, mode) == 0)
            #expect(try #require(FileStatus(directory)).isOpen == isOpen, "\(String(mode, radix: 8))")
        }
    }

    @Test func `data is found behind a hole, and nothing after the end`() throws {
        let file = try FileDescriptor(opening: "\(directory)/holes", flags: O_RDWR | O_CREAT)
        #expect(ftruncate(file.number, 1 << 20) == 0)
        #expect(try file.data(from: 0) == nil)
        #expect(unsafe pwrite(file.number, "x", 1, 1 << 19) == 1)
        let found = try #require(try file.data(from: 0))
        #expect(found.contains(1 << 19))
        #expect(try file.data(from: found.upperBound) == nil)
        #expect(try file.byteCount() == 1 << 20)
    }

    @Test func `a file is locked by one holder`() throws {
        try write("", "lock")
        do {
            let first = try FileDescriptor(opening: "\(directory)/lock")
            let second = try FileDescriptor(opening: "\(directory)/lock")
            let (isFirst, isSecond) = (first.lock(), second.lock())
            #expect(isFirst && !isSecond)
        }
        let third = try FileDescriptor(opening: "\(directory)/lock")
        let isLocked = third.lock()
        #expect(isLocked)
    }

    // MARK: Sockets and limits

    @Test func `nothing listens at a missing path, a file, or a name that is too long`() throws {
        try write("", "file")
        for path in ["\(directory)/none", "\(directory)/file", "/" + String(repeating: "a", count: 200)] {
            #expect(!LocalSocket.isAnswered(path) && !LocalSocket.send("READY=1", to: path), "\(path)")
        }
    }

    @Test(arguments: [0, 64, 1_024, 4_096, 65_536, 1 << 20])
    func `descriptors of the parts leave a share for the server itself`(limit: Int) {
        let budget = DescriptorBudget(limit: limit)
        let shared = budget.nbd + budget.http + budget.center + budget.tftp + budget.files
        #expect(shared <= limit - min(4_096, limit / 4))
        #expect(budget.nbd >= budget.center && budget.center >= budget.files)
        #expect(limit < 65_536 || budget.nbd == 20_000)
    }

    @Test func `kill points have names of their own`() {
        #expect(Set(KillPoint.names).count == KillPoint.names.count)
        #expect(KillPoint.names.allSatisfy { $0.split(separator: ".").count >= 2 })
    }

    @Test(
        arguments: [
            (["/bin/true"], 0), (["/bin/sh", "-c", "exit 7"], 7), (["/bin/sh", "-c", "kill -9 $$"], 137),
        ] as [([String], Int32)])
    func `a program in the foreground ends with its status, or 128 and its signal`(
        words: [String], status: Int32
    ) throws {
        #expect(try ForegroundProgram.run(words) == status)
    }
}
