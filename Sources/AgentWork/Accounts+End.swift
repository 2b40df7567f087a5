import API
import Glibc
import Linux
import Synchronization

/// How accounts end.
extension Accounts {
    /// Attempts to end processes, and milliseconds between two.
    private static let (attempts, interval) = (25, 200)

    /// Ends an account that the agent made: its processes, then its home, then itself. After a crash it begins anew.
    ///
    /// - Parameter book: held for moments only. Processes take seconds to end, and large homes minutes to be packed away.
    func end(_ user: String, _ home: AgentOrder.HomeEnd, in book: borrowing Mutex<AccountBook>) throws {
        let (entry, isThere) = try book.withLock { book in
            guard var entry = book[user] else {
                throw AgentProblem("the agent did not make the account \(user): it is left alone")
            }
            entry.end = AgentAccount.End(home)
            try note(.ending, of: entry, in: &book)
            let present = try number(of: user)
            guard present == nil || present == entry.number else {
                // It was removed, and made again by others.
                book.remove(user)
                try book.write(bookPath)
                throw AgentProblem("the account \(user) was replaced by another one: it is left alone")
            }
            // From here on no one comes in, whatever they know.
            if present != nil { try run("usermod", ["--expiredate", "1", "--", user], "closed", user) }
            return (entry, present != nil)
        }
        if isThere {
            LogInMoment.closed.pass()
            try endProcesses(of: entry)
        }
        try endHome(of: entry, home)
        try book.withLock { book in
            if isThere { try run("userdel", ["--", user], "removed", user) }
            removeLeftovers(of: entry)
            book.remove(user)
            try book.write(bookPath)
        }
        events.note(.accountRemoved, user: user, id: "", Self.text(user, home))
    }

    private static func text(_ user: String, _ home: AgentOrder.HomeEnd) -> String {
        switch home {
        case .keep: "account \(user) was removed; its home stays"
        case .archive: "account \(user) was removed; its home is packed away"
        case .remove: "account \(user) was removed with its home"
        }
    }

    private func run(_ program: String, _ arguments: [String], _ what: String, _ user: String) throws {
        let end = try programs.run(program, arguments, input: [], seconds: Self.patience)
        guard end.status == 0 else {
            throw AgentProblem("the account \(user) cannot be \(what): \(Self.text(of: end))")
        }
    }

    private func endProcesses(of entry: AccountBook.Entry) throws {
        // Where there is no logind, the kernel's signal is enough.
        _ = try? programs.run(
            "loginctl", ["terminate-user", "--", entry.user], input: [], seconds: Self.patience)
        for attempt in 0..<Self.attempts {
            let left = machine.processes(entry.number)
            if left.isEmpty { return }
            // They had time to end by themselves.
            if attempt >= 5 { left.forEach { machine.kill($0) } }
            machine.pause(Self.interval)
        }
        guard machine.processes(entry.number).isEmpty else {
            throw AgentProblem("processes of \(entry.user) do not end")
        }
    }

    // MARK: Homes

    private func endHome(of entry: AccountBook.Entry, _ end: AgentOrder.HomeEnd) throws {
        let home = home(of: entry.user)
        guard end != .keep, let status = FileStatus(home) else { return }
        // A link would lead to what is not the account's.
        guard status.isDirectory, Int(status.user) == entry.number else {
            throw AgentProblem("/home/\(entry.user) is not a directory of \(entry.user): it is left alone")
        }
        try unmount(below: home)
        if end == .archive { try archive(entry) }
        let gone = try programs.run(
            "rm", ["--recursive", "--force", "--one-file-system", "--", home], input: [], seconds: 600)
        guard gone.status == 0 else {
            throw AgentProblem("the home of \(entry.user) cannot be removed: \(Self.text(of: gone))")
        }
    }

    /// Drives of the client, which xrdp mounts in the home.
    private func unmount(below home: String) throws {
        guard let text = try? WholeFile.read("/proc/self/mountinfo", limit: 8 << 20) else { return }
        for path in Self.mounts(below: home, in: String(decoding: text, as: UTF8.self)).reversed() {
            _ = try? programs.run("umount", ["--lazy", "--", path], input: [], seconds: Self.patience)
        }
    }

    /// Mount points below a directory, in the order of their mounting (proc(5), mountinfo).
    static func mounts(below home: String, in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4 else { return nil }
            let path = unescaped(String(fields[4]))
            return path.hasPrefix("\(home)/") ? path : nil
        }
    }

    /// Blanks and backslashes stand as three octal digits.
    private static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Packs a home. It is removed only when the archive is complete and on the disk.
    private func archive(_ entry: AccountBook.Entry) throws {
        let directory = places.path(Self.archive)
        mkdir(directory, 0o700)
        let target = "\(directory)/\(entry.user)-\(machine.second()).tar.zst"
        let made = try programs.run(
            "tar",
            [
                "--create", "--zstd", "--one-file-system", "--numeric-owner", "--file", "\(target).part",
                "--directory", places.path("/home"), "--", entry.user,
            ], input: [], seconds: 3_600)
        // 1: some files changed while they were read.
        guard made.status <= 1 else {
            unlink("\(target).part")
            throw AgentProblem(
                "the home of \(entry.user) cannot be packed, and stays: \(Self.text(of: made))")
        }
        chmod("\(target).part", 0o600)
        try DurableFile.publish("\(target).part", as: target, at: .agentHome)
    }

    /// What is elsewhere: mail, cron, and files in directories that all may write to. xrdp-sesman takes no display whose sockets are there.
    private func removeLeftovers(of entry: AccountBook.Entry) {
        for path in ["/var/mail/\(entry.user)", "/var/spool/cron/crontabs/\(entry.user)"] {
            unlink(places.path(path))
        }
        for directory in [
            "/tmp", SessionList.displayDirectory, SessionList.xrdpDirectory, "/var/tmp", "/dev/shm",
        ] {
            let directory = places.path(directory)
            for name in DirectoryListing.names(in: directory, hidden: true) {
                let path = "\(directory)/\(name)"
                guard let status = FileStatus(path), Int(status.user) == entry.number else { continue }
                if status.isDirectory {
                    _ = try? programs.run(
                        "rm", ["--recursive", "--force", "--one-file-system", "--", path], input: [],
                        seconds: Self.patience)
                } else {
                    unlink(path)
                }
            }
        }
    }

    private func mkdir(_ path: String, _ mode: UInt32) { unsafe _ = Glibc.mkdir(path, mode) }
    private func unlink(_ path: String) { unsafe _ = Glibc.unlink(path) }
    private func chmod(_ path: String, _ mode: UInt32) { unsafe _ = Glibc.chmod(path, mode) }
}

extension Accounts {
    /// Whether a process that still runs has that user, as `/proc/PID/status` says (proc(5)).
    static func isProcess(_ status: String, of number: Int) -> Bool {
        var isOurs = false
        for line in status.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.first == "State:", words.count > 1, words[1] == "Z" { return false }
            if words.first == "Uid:" { isOurs = words.dropFirst().contains { Int($0) == number } }
        }
        return isOurs
    }
}

extension AgentAccount.End {
    init(_ end: AgentOrder.HomeEnd) {
        switch end {
        case .keep: self = .keep
        case .archive: self = .archive
        case .remove: self = .remove
        }
    }

    /// What it means for a home; nil: the account stays.
    var homeEnd: AgentOrder.HomeEnd? {
        switch self {
        case .keep: nil
        case .archive: .archive
        case .remove: .remove
        }
    }
}

extension Accounts.Machine {
    /// This machine.
    static let real = Self(
        processes: { number in
            DirectoryListing.names(in: "/proc").compactMap { name in
                // The directory's owner would not do: it is root for a process that changed its user.
                guard let process = Int32(name),
                    let bytes = try? WholeFile.read("/proc/\(name)/status", limit: 1 << 16)
                else { return nil }
                return Accounts.isProcess(String(decoding: bytes, as: UTF8.self), of: number) ? process : nil
            }
        },
        kill: { _ = Glibc.kill($0, SIGKILL) },
        second: { SystemClock.wall / 1_000 },
        pause: { usleep(UInt32($0) * 1_000) })
}
