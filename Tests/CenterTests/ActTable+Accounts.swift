import API
import Fleet

@testable import Center

extension ActRow {
    static let accounts = [
        ActRow("accounts", .read, .anywhere) { acts, _ in try await acts.accounts("", offset: 0, limit: 9) },
        ActRow("accountStates", .read, .anywhere) { acts, _ in try await acts.accountStates() },
        ActRow("account", .read, .site) { acts, _ in try await acts.account(LogInName("ann")) },
        ActRow("saveAccount", .configure, .site) { acts, _ in
            try await acts.saveAccount(LogInName("fresh"), AccountRequest(fullName: "Fresh"))
        },
        ActRow("removeAccount", .configure, .site) { acts, _ in try await acts.removeAccount(LogInName("ann"))
        },
        ActRow("importAccounts", .configure, .site) { acts, _ in
            try await acts.importAccounts(
                AccountImport(
                    accounts: [AccountImport.Entry(name: LogInName("fresh"), account: AccountRequest())],
                    replaces: false))
        },
        ActRow("previewAccounts", .configure, .site) { acts, _ in
            try acts.previewAccounts(Array("name\nben\n".utf8), replaces: false)
        },
        ActRow("requireChangingAccounts", .configure, .site) { acts, _ in try acts.requireChangingAccounts()
        },
        ActRow("terminalSessions", .read, .anywhere) { acts, _ in
            try await acts.terminalSessions("", offset: 0, limit: 9)
        },
        ActRow("terminalSessions", .read) { try await $0.terminalSessions(on: $1.terminal) },
        ActRow("terminalSessions", .read, .anywhere) { acts, _ in
            try await acts.terminalSessions(at: NodeName("pc-1"))
        },
        ActRow("sessionOverview", .read, .anywhere) { acts, _ in
            try await acts.sessionOverview("", offset: 0, limit: 9)
        },
        ActRow("serversOfSessions", .read, .anywhere) { acts, _ in
            try acts.serversOfSessions(of: ["user of pc-1"])
        },
        ActRow("lastSessions", .read, .anywhere) { acts, _ in try await acts.lastSessions(of: ["ann"]) },
        ActRow("pastTerminalSessions", .read, .anywhere) { acts, _ in
            try await acts.pastTerminalSessions("", offset: 0, limit: 9)
        },
        ActRow("terminalSession", .enrol) { try await $0.terminalSession("0", on: $1.terminal) },
        ActRow("requireHelping", .enrol) { try $0.requireHelping(on: $1.terminal) },
        ActRow("message", .enrol) { try await $0.message("Good day", to: nil, on: $1.terminal) },
        ActRow("disconnect", .enrol) { try await $0.disconnect("0", on: $1.terminal) },
        ActRow("pickedSessions", .enrol) {
            try await $0.pickedSessions([Acts.SessionPick(server: $1.terminal, id: "0")])
        },
        ActRow("help", .enrol) {
            try await $0.help([Acts.SessionPick(server: $1.terminal, id: "0")], by: .disconnect)
        },
        ActRow("end", .enrol) { try await $0.end("0", on: $1.terminal) },
    ]
}

extension SmallFleet {
    /// An account of the directory.
    static func account() throws -> FleetEdit {
        let name = try LogInName("ann")
        return .account(name, DirectoryAccount(name: name, fullName: "Ann Lee", uid: 2_000))
    }
}
