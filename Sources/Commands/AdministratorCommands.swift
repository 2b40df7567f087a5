import API
import ArgumentParser
import Fleet
import Foundation
import Linux
import NIOHTTP1

/// `roost admin …`
struct AdministratorCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Manage the administrators of the control center and their roles.",
        discussion: """
            Roles: admin, operator, helpdesk, auditor; ROLE@/group holds for that group and below it. Tokens of other servers
            have the role replica.
            A password is read from standard input: echo 'four random words' | roost admin add ann admin
            """,
        subcommands: [
            AdministratorList.self, AdministratorAdd.self, AdministratorPassword.self,
            AdministratorRemove.self,
        ])
}

struct AdministratorList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List administrators.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            let all = try await server.client.get("administrators", [AdministratorAnswer].self)
            try output.write(all) { all in
                var table = TextTable(["NAME", "FULL NAME", "SOURCE", "ROLES", "TOKENS", "STATE"])
                for one in all {
                    table.add([
                        one.name, one.fullName, one.source.rawValue, one.grants.joined(separator: " "),
                        String(one.tokens.count),
                        one.isDisabled
                            ? "disabled"
                            : one.warning
                                ?? (one.source == .oidc && one.subject == nil ? "not linked yet" : ""),
                    ])
                }
                return table.text
            }
        }
    }
}

struct AdministratorAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an administrator, or change the roles of one.",
        discussion: """
            The password of a new one is read from standard input; accounts of a directory or provider (--source ldap, oidc) have
            none here. An account of source oidc belongs to the first log-in under its name within thirty days, or to the person whom
            --subject names; from then on, the person's name at the provider may change, and no other person can use the account.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name.") var name: String
    @Argument(help: "ROLE or ROLE@/group …") var grants: [String]
    @Option(help: "The full name, for display.") var fullName: String?
    @Option(
        help:
            "Where the password is kept: \(Administrator.Source.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var source: Administrator.Source?
    @Option(
        help:
            "With source oidc: the person's identifier at the provider (claim sub); '' releases the account to the next log-in under its name."
    )
    var subject: String?
    @Flag(
        inversion: .prefixedNo,
        help: "Whether the account is disabled: it may not log in. Default: unchanged.")
    var disabled: Bool?
    @OptionGroup var tokens: TokenOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let (known, tag) = try await tokens.account(named: name, at: client)
            let isNew = known == nil && source ?? .local == .local
            let wish = AdministratorRequest(
                grants: grants, fullName: fullName, isDisabled: disabled,
                password: isNew ? try PasswordInput.read() : nil, source: source, subject: subject,
                revokesTokens: tokens.revokeTokens)
            // An account that another person has added meanwhile is not replaced.
            try await tokens.save(wish, of: name, known, tag: tag, isNew: known == nil, by: client)
        }
    }
}

/// What becomes of an account's API tokens.
struct TokenOptions: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help:
            "Revoke the account's API tokens with a new password, a new source or subject, or with --disabled. Default: yes, except for a new password of your own account."
    )
    var revokeTokens: Bool?

    /// An account with the tag of its state; none where there is none that the caller could change.
    func account(named name: String, at client: APIClient) async throws -> (
        AdministratorAnswer?, tag: String?
    ) {
        let all = try await client.get("administrators", [AdministratorAnswer].self)
        guard all.contains(where: { $0.name == name }) else { return (nil, nil) }
        return try await client.getTagged(
            "administrators/\(APIClient.escaped(name))", AdministratorAnswer.self)
    }

    /// Saves an administrator, and tells which tokens were revoked and which still work.
    func save(
        _ wish: AdministratorRequest, of name: String, _ known: AdministratorAnswer?, tag: String?,
        isNew: Bool = false, by client: APIClient
    ) async throws {
        let data = try await client.send(
            .PUT, "administrators/\(APIClient.escaped(name))", json: wish, isNew: isNew, ifMatch: tag)
        let saved = try JSONDecoder().decode(AdministratorAnswer.self, from: data)
        if let warning = saved.warning { printError("warning: \(name): \(warning)") }
        let left = saved.tokens
        let revoked = (known?.tokens ?? []).filter { token in !left.contains { $0.id == token.id } }
        if !revoked.isEmpty { printError("revoked API tokens: \(Self.list(revoked))") }
        if !left.isEmpty, wish.password != nil || wish.isDisabled == true {
            printError("API tokens that were not revoked: \(Self.list(left)) (roost token rm ID)")
        }
    }

    private static func list(_ tokens: [TokenAnswer]) -> String {
        tokens.map { "\($0.name) (\($0.id))" }.joined(separator: ", ")
    }
}

extension Administrator.Source: ExpressibleByArgument {}

struct AdministratorPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Set a password, read from standard input; ends all log-ins.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name.") var name: String
    @OptionGroup var tokens: TokenOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let (known, tag) = try await tokens.account(named: name, at: client)
            guard let known else {
                throw Failure(text: "there is no administrator \(name) (roost admin list shows all)", code: 3)
            }
            let wish = AdministratorRequest(
                grants: known.grants, password: try PasswordInput.read(), revokesTokens: tokens.revokeTokens)
            // Typing takes time: another person may have changed its roles, or its password.
            try await tokens.save(wish, of: name, known, tag: tag, by: client)
        }
    }
}

struct AdministratorRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove an administrator with all log-ins and tokens.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Log-in name.") var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "administrators/\(APIClient.escaped(name))", body: nil)
        }
    }
}

/// `roost token …`
struct TokenCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Manage tokens for programs that use the API.",
        subcommands: [TokenList.self, TokenAdd.self, TokenRemove.self])
}

struct TokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List tokens.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("tokens", [TokenAnswer].self)) { tokens in
                let now = SystemClock.wall / 1_000
                var table = TextTable(["ID", "NAME", "OWNER", "ROLES", "EXPIRES", "USED"])
                for token in tokens {
                    table.add([
                        String(token.id), token.name, token.owner, token.grants.joined(separator: " "),
                        token.end(at: now) { Shown.time(second: $0) },
                        token.usedAt.map { Shown.time(second: $0) } ?? "-",
                    ])
                }
                return table.text
            }
        }
    }
}

struct TokenAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Create a token; it is printed once.",
        discussion: """
            roost token add ci --owner ann --role operator@/school --days 30
            roost token add school-2 --owner ann --role replica       for the server school-2, which copies versions from this one
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "What it is for.") var name: String
    @Option(help: "The administrator whose token it is.") var owner: String?
    @Option(
        name: .customLong("role"),
        help: "ROLE or ROLE@/group; may be given several times. Default: the owner's.")
    var grants: [String] = []
    @Option(help: "Days until it expires; 0: never.") var days = 90

    func run() async throws {
        try await reportingFailure {
            let wish = TokenRequest(
                name: name, grants: grants.isEmpty ? nil : grants, days: days, owner: owner)
            let data = try await server.client.send(.POST, "tokens", json: wish)
            let token = try JSONDecoder().decode(TokenAnswer.self, from: data)
            if let rest = token.restsAt, rest <= SystemClock.wall / 1_000 {
                printError("warning: it has no effect until \(token.owner) logs in to the control center")
            }
            try output.write(token) { "\($0.token ?? "")\n" }
        }
    }
}

struct TokenRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Revoke a token.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its number.") var id: Int

    func run() async throws {
        try await reportingFailure { try await server.client.send(.DELETE, "tokens/\(id)", body: nil) }
    }
}
