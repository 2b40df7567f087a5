import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost account …`
struct AccountCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "People who log in on terminal servers, where no other directory has them.",
        discussion: """
            echo 'four random words' | roost account add ann --full-name 'Ann Lee' --groups audio,plugdev
            roost account import passwd --shadow shadow --group group
            roost account import pupils.csv
            The agent of a terminal server makes the account there when its owner logs in. Accounts for guests need no entry here: see
            the settings log-in-account and guest-account.
            """,
        subcommands: [
            AccountList.self, AccountShow.self, AccountAdd.self, AccountSet.self, AccountPassword.self,
            AccountImportCommand.self, AccountRemove.self,
        ])
}

struct AccountList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List accounts.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only those with these words in name, full name, number or groups.") var query: [String] =
        []

    func run() async throws {
        try await reportingFailure {
            let query = "q=\(APIClient.escaped(query.joined(separator: " ")))"
            let all = try await server.client.all("accounts", query, of: AccountAnswer.self)
            try output.write(all) { all in
                var table = TextTable(["NAME", "FULL NAME", "UID", "GROUPS", "STATE", "UNTIL", "HOME"])
                for one in all {
                    table.add([
                        one.account.name.text, one.account.fullName, "\(one.account.uid)",
                        one.account.groups.joined(separator: " "), one.state, one.account.expires ?? "-",
                        one.account.home.rawValue,
                    ])
                }
                return table.text
            }
        }
    }
}

struct AccountShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show an account.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Log-in name.", completion: .accounts) var name: String

    func run() async throws {
        try await reportingFailure {
            let one = try await server.client.get("accounts/\(APIClient.escaped(name))", AccountAnswer.self)
            try output.write(one) { one in
                FieldList.text([
                    ("account", one.account.name.text), ("full name", one.account.fullName),
                    ("uid", "\(one.account.uid)"), ("groups", one.account.groups.joined(separator: ", ")),
                    ("state", one.state), ("last day", one.account.expires ?? "-"),
                    ("home at the end", one.account.home.rawValue),
                ])
            }
        }
    }
}

extension AccountAnswer {
    fileprivate var state: String {
        account.isDisabled ? "disabled" : !isOpen ? "expired" : hasPassword ? "open" : "no password"
    }
}

/// What an account is given.
struct AccountOptions: ParsableArguments {
    @Option(help: "The full name, for display.") var fullName: String?
    @Option(help: "Its number on each server; without it the first free one from 10000.") var uid: Int?
    @Option(help: "Groups of the terminal servers, with commas; '' for none.") var groups: String?
    @Flag(inversion: .prefixedNo, help: "Whether it is disabled.") var disabled: Bool?
    @Option(help: "The last day on which it opens, such as 2027-07-31; '' for none.") var expires: String?
    @Option(
        help:
            "What becomes of it on a server when its session has ended: \(AccountHome.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var home: AccountHome?

    func request(password: String? = nil) -> AccountRequest {
        AccountRequest(
            fullName: fullName, uid: uid,
            groups: groups.map {
                $0.split(separator: ",").map { String($0).trimmingCharacters(in: .whitespaces) }
            },
            isDisabled: disabled, expires: expires, home: home, password: password)
    }
}

extension AccountHome: ExpressibleByArgument {}

struct AccountAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an account; its password is read from standard input.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name: small letters, digits, - and _.") var name: String
    @OptionGroup var options: AccountOptions
    @Flag(help: "It gets no password yet.") var noPassword = false

    func run() async throws {
        try await reportingFailure {
            let wish = options.request(password: noPassword ? nil : try PasswordInput.read())
            _ = try await server.client.send(
                .PUT, "accounts/\(APIClient.escaped(name))", json: wish, isNew: true)
        }
    }
}

struct AccountSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change an account; what is left out stays.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name.", completion: .accounts) var name: String
    @OptionGroup var options: AccountOptions

    func run() async throws {
        try await reportingFailure {
            try await server.client.change(account: name, options.request())
        }
    }
}

struct AccountPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Set a password, read from standard input.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name.", completion: .accounts) var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.change(account: name, AccountRequest(password: try PasswordInput.read()))
        }
    }
}

extension APIClient {
    /// Changes an account that is there.
    fileprivate func change(account name: String, _ wish: AccountRequest) async throws {
        let path = "accounts/\(Self.escaped(name))"
        let known = try await getTagged(path, AccountAnswer.self)
        _ = try await send(.PUT, path, json: wish, isNew: false, ifMatch: known.tag)
    }
}

struct AccountRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove an account from the directory; what servers have of it stays there.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name.", completion: .accounts) var name: String

    func run() async throws {
        try await reportingFailure {
            _ = try await server.client.send(.DELETE, "accounts/\(APIClient.escaped(name))", body: nil)
        }
    }
}

struct AccountImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import accounts of people, all at once or none.",
        discussion: """
            FILE is a passwd(5), with --shadow for the passwords and --group for the groups, or a CSV file (.csv) whose first line names
            its columns: name, full-name, uid, groups, password, password-hash, expires, disabled. Commas, semicolons or tabs separate cells; \
            any encoding that a spreadsheet saves will do.
            Accounts of systems (numbers below 1000) are left out, and groups that would give a person the whole machine.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "passwd or CSV.", completion: .file()) var file: String
    @Option(help: "The shadow(5) file with the password hashes.", completion: .file()) var shadow: String?
    @Option(help: "The group(5) with the groups.", completion: .file()) var group: String?
    @Flag(help: "Change accounts that exist already.") var replace = false
    @Flag(help: "Show what would be imported.") var dryRun = false

    func run() async throws {
        try await reportingFailure {
            let read = try read()
            for line in read.skipped { printError("line \(line.line): \(line.reason)") }
            if dryRun {
                var table = TextTable(["NAME", "FULL NAME", "UID", "GROUPS", "PASSWORD", "UNTIL"])
                for one in read.entries {
                    table.add([
                        one.name.text, one.fullName ?? "", one.uid.map { "\($0)" } ?? "-",
                        (one.groups ?? []).joined(separator: " "),
                        one.passwordHash != nil || one.password != nil ? "yes" : "no",
                        one.expires.flatMap { $0.isEmpty ? nil : $0 } ?? "-",
                    ])
                }
                return print(table.text, terminator: "")
            }
            let wish = AccountImport(
                accounts: read.entries.map(AccountImport.Entry.init), replaces: replace)
            let data = try await server.client.send(.POST, "accounts/import", json: wish)
            try output.write(JSONDecoder().decode(AccountImportAnswer.self, from: data)) { answer in
                "\(counted(answer.addedCount, "account")) added, \(answer.changedCount) changed\n"
            }
        }
    }

    private func read() throws -> AccountFile {
        func text(_ path: String?) throws -> String {
            guard let path else { return "" }
            return try InputFile.text(path)
        }
        if file.lowercased().hasSuffix(".csv") { return try AccountFile(csv: text(file)) }
        return AccountFile(passwd: try text(file), shadow: try text(shadow), group: try text(group))
    }
}
