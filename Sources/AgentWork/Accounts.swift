import API
import Fleet
import Linux
import Wire

/// Accounts of this server that the agent makes for log-ins, and ends.
///
/// Programs get their arguments one by one, and no shell sees a name.
struct Accounts: Sendable {
    /// What it asks of the machine beside programs, so that tests can stand in.
    struct Machine: Sendable {
        /// Processes of that user, by number.
        var processes: @Sendable (Int) -> [Int32]
        var kill: @Sendable (Int32) -> Void
        /// Seconds since 1970.
        var second: @Sendable () -> Int
        /// Waits for so many milliseconds.
        var pause: @Sendable (Int) -> Void
    }

    let places: AgentPlaces
    let programs: any AgentPrograms
    let machine: Machine
    let events: any AgentEventSink

    static let book = "/var/lib/roost-agent/accounts"
    static let archive = "/var/lib/roost-agent/homes"
    /// Numbers below belong to the system; 65534 and what follows is for those who have no account.
    private static let people = 1_000..<65_534
    private static let groupLimit =
        (DirectoryAccount.numbers + [AccountBook.numbers]).map(\.upperBound).max() ?? 0
    /// Seconds for one program.
    static let patience = 30

    var bookPath: String { places.path(Self.book) }
    func home(of user: String) -> String { places.path("/home/\(user)") }

    // MARK: Making

    /// Makes the account, or takes the one that is there.
    ///
    /// - Returns: whether it was made.
    func make(_ account: AgentAccount, in book: inout AccountBook) throws -> Bool {
        let name = try checked(account)
        let present = try number(of: name)
        if let entry = book[name] {
            if let present {
                guard present == entry.number, account.number == nil || account.number == present else {
                    throw AgentProblem(
                        "the account \(name) has the number \(present) here, instead of \(account.number ?? entry.number)"
                    )
                }
                try take(entry, account, in: &book)
                return false
            }
            // It was removed behind the agent's back, or a crash came before it was made.
            book.remove(name)
        } else if let present {
            guard account.mayBeForeign == true, Self.people.contains(present) else {
                throw AgentProblem(
                    "there is an account \(name) on this server that the agent did not make: it is left alone"
                )
            }
            return false
        }
        try create(account, name, in: &book)
        return true
    }

    private func create(_ account: AgentAccount, _ name: String, in book: inout AccountBook) throws {
        let number = try freeNumber(for: account, in: book)
        try requireHome(of: name, number)
        let groups = try account.groups.filter { try hasGroup($0) }
        let entry = AccountBook.Entry(
            user: name, number: number, state: .making, end: account.end, madeAt: machine.second(),
            expiresAt: account.lifetime.map { machine.second() + $0 }, hadSession: false)
        book.put(entry)
        // Before the account is there: after a crash it is known whose it is.
        try book.write(bookPath)
        LogInMoment.entered.pass()
        var words = [
            "--create-home", "--home-dir", "/home/\(name)", "--shell", account.shell, "--skel",
            account.skeleton,
            "--comment", Self.comment(account.fullName), "--user-group", "--uid", "\(number)",
            // Its group has the same number: above the usual limit useradd would take another one, which may be a person's.
            "--key", "GID_MAX=\(Self.groupLimit)",
            // No password opens it: a log-in has its ticket.
            "--password", "*",
        ]
        if !groups.isEmpty { words += ["--groups", groups.joined(separator: ",")] }
        if let day = account.lastDay { words += ["--expiredate", day] }
        let end = try programs.run("useradd", words + ["--", name], input: [], seconds: Self.patience)
        guard end.status == 0 else {
            // What useradd left half done is ended as any account is.
            if try self.number(of: name) == nil {
                book.remove(name)
                try book.write(bookPath)
            }
            throw AgentProblem("the account \(name) cannot be made: \(Self.text(of: end))")
        }
        LogInMoment.made.pass()
        try setPassword(of: name, to: account.passwordHash)
        try setQuota(of: name, to: account.quota)
        try note(.made, of: entry, in: &book)
        events.note(.accountMade, user: name, id: "", "account \(name) was made, number \(number)")
    }

    /// An account of the agent is used once more.
    private func take(_ entry: AccountBook.Entry, _ account: AgentAccount, in book: inout AccountBook) throws
    {
        var entry = entry
        (entry.state, entry.end, entry.madeAt, entry.hadSession) = (
            .made, account.end, machine.second(), false
        )
        entry.expiresAt = account.lifetime.map { machine.second() + $0 }
        book.put(entry)
        try book.write(bookPath)
        // An end that was cut short may have locked it.
        let end = try programs.run(
            "usermod", ["--expiredate", account.lastDay ?? "", "--", entry.user], input: [],
            seconds: Self.patience)
        guard end.status == 0 else {
            throw AgentProblem("the account \(entry.user) cannot be opened again: \(Self.text(of: end))")
        }
        try setPassword(of: entry.user, to: account.passwordHash)
    }

    func note(_ state: AccountBook.Entry.State, of entry: AccountBook.Entry, in book: inout AccountBook)
        throws
    {
        var entry = entry
        entry.state = state
        book.put(entry)
        try book.write(bookPath)
    }

    // MARK: What may be made

    private func checked(_ account: AgentAccount) throws -> String {
        let name: String
        do { name = try LogInName(account.user).text } catch { throw AgentProblem(error.description) }
        guard try shells().contains(account.shell) else {
            throw AgentProblem("‘\(account.shell)’ is not in /etc/shells of this server")
        }
        guard account.skeleton.hasPrefix("/"), !account.skeleton.split(separator: "/").contains(".."),
            FileStatus(places.path(account.skeleton))?.isDirectory == true
        else { throw AgentProblem("the skeleton ‘\(account.skeleton)’ is not a directory of this server") }
        if let number = account.number {
            guard DirectoryAccount.numbers.contains(where: { $0.contains(number) }) else {
                throw AgentProblem("\(number) is not a number for people")
            }
        }
        if let day = account.lastDay, !DirectoryAccount.isDay(day) {
            throw AgentProblem("‘\(day)’ is not a day")
        }
        if let hash = account.passwordHash, !Self.isHash(hash) {
            throw AgentProblem("the hash of the password is not one of crypt(3)")
        }
        return name
    }

    private static func isHash(_ text: String) -> Bool {
        text.hasPrefix("$") && text.utf8.count <= 512
            && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: ":") }
    }

    /// Of /etc/passwd, in which a colon ends it.
    private static func comment(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && $0 != ":" && $0 != "," })
        )
        .beginning(byteCount: 128)
    }

    private func shells() throws -> [String] {
        let text = String(
            decoding: try WholeFile.read(places.path("/etc/shells"), limit: 1 << 16), as: UTF8.self)
        return text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("/") }
    }

    /// The number of an account, wherever the server has it from; nil: there is none.
    func number(of name: String) throws -> Int? {
        guard let fields = try entry("passwd", name) else { return nil }
        guard fields.count > 2, fields[0] == name, let number = Int(fields[2]) else {
            throw AgentProblem("the account \(name) of this server cannot be read")
        }
        return number
    }

    private func hasGroup(_ name: String) throws -> Bool {
        guard (try? LogInGroup(reading: name)) != nil else { return false }
        return try entry("group", name) != nil
    }

    private func entry(_ database: String, _ key: String) throws -> [String]? {
        let end = try programs.run("getent", [database, "--", key], input: [], seconds: Self.patience)
        switch end.status {
        case 0:
            return String(decoding: end.output, as: UTF8.self).split(separator: "\n").first?
                .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // getent(1): one of the keys was not found.
        case 2: return nil
        default: throw AgentProblem("the accounts of this server cannot be read: \(Self.text(of: end))")
        }
    }

    private func freeNumber(for account: AgentAccount, in book: AccountBook) throws -> Int {
        guard book.entries.count < AccountBook.limit else {
            throw AgentProblem(
                "this server has \(AccountBook.limit) accounts of the agent, and may have no more: remove some first"
            )
        }
        let wanted = account.number.map { [$0] } ?? Array(book.nextNumbers.prefix(64))
        for number in wanted
        where try entry("passwd", "\(number)") == nil && entry("group", "\(number)") == nil {
            return number
        }
        throw AgentProblem(
            account.number.map { "the number \($0) is another account's on this server" }
                ?? "no number of \(AccountBook.numbers.lowerBound) to \(AccountBook.numbers.upperBound) is free"
        )
    }

    /// A home that is there already has to be the account's own, such as one on a file server.
    private func requireHome(of name: String, _ number: Int) throws {
        guard let status = FileStatus(home(of: name)) else { return }
        guard status.isDirectory, Int(status.user) == number else {
            throw AgentProblem("/home/\(name) is there already, and belongs to another account")
        }
    }

    // MARK: Details

    /// The hash goes by standard input: arguments can be read by every user of the server.
    private func setPassword(of name: String, to hash: String?) throws {
        guard let hash else { return }
        let end = try programs.run(
            "chpasswd", ["--encrypted"], input: Array("\(name):\(hash)\n".utf8), seconds: Self.patience)
        guard end.status == 0 else {
            throw AgentProblem("the password of \(name) cannot be set: \(Self.text(of: end))")
        }
    }

    /// Where the file system counts; elsewhere there is no limit.
    private func setQuota(of name: String, to byteCount: Int?) throws {
        guard let byteCount, byteCount > 0 else { return }
        let blocks = "\(max(1, byteCount / 1_024))"
        guard
            let end = try? programs.run(
                "setquota", ["-u", "--", name, blocks, blocks, "0", "0", "/home"], input: [],
                seconds: Self.patience), end.status == 0
        else {
            events.note(
                .failed, user: name, id: "", "the home of \(name) has no limit: quotas do not work on /home")
            return
        }
    }

    static func text(of end: ProgramEnd) -> String {
        let text = String(decoding: end.output.prefix(512), as: UTF8.self)
        let line = text.split(separator: "\n").last.map(String.init) ?? ""
        return line.isEmpty ? "it ended with status \(end.status)" : line
    }
}
