import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost secret …`
struct SecretCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Manage secrets of nodes: files that travel sealed, and whose values are never shown.",
        subcommands: [
            SecretList.self, SecretShow.self, SecretAdd.self, SecretMintCommand.self, SecretSet.self,
            SecretRotate.self, SecretArm.self, SecretRemove.self,
        ])
}

extension Secret.Arming: ExpressibleByArgument {}

struct SecretList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List secrets, and how they are armed.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("secrets", [SecretAnswer].self)) { secrets in
                var table = TextTable(["NAME", "GROUP", "FILE", "ARMED FOR", "VERSION", "SET"])
                for secret in secrets {
                    table.add([
                        secret.name.text, secret.receivers, secret.receiver ?? secret.path,
                        secret.shownArming,
                        secret.shownVersion, Shown.time(second: secret.changedAt),
                    ])
                }
                return table.text
            }
        }
    }
}

struct SecretShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a secret without its value: which node got which version, in which boot.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its name.", completion: .secrets) var name: String

    func run() async throws {
        try await reportingFailure {
            let path = "secrets/\(APIClient.escaped(name))"
            try output.write(try await server.client.get(path, SecretAnswer.self)) { secret in
                var table = TextTable(["NODE", "VERSION", "BOOT", "WHEN", "TIMES", "SEALED FOR", "MINTED"])
                for receipt in secret.receipts ?? [] {
                    table.add([
                        receipt.node.text, String(receipt.version), receipt.boot,
                        Shown.time(second: receipt.at), String(receipt.count), receipt.key,
                        receipt.shownMint,
                    ])
                }
                let authority = secret.shownAuthority.map { "\($0)\n" } ?? ""
                return """
                    \(secret.name) of \(secret.receivers): \(secret.shownPlace)
                    armed for: \(secret.shownArming)
                    version \(secret.shownVersion), set \(Shown.time(second: secret.changedAt))
                    \(authority)
                    \(table.text)
                    """
            }
        }
    }
}

extension SecretAnswer {
    fileprivate var shownArming: String { isSpent ? "\(arming.rawValue) (delivered)" : arming.rawValue }
    fileprivate var shownVersion: String {
        switch minted?.keeping {
        case nil: String(version)
        case .nothing?: "minted (\(minted?.kind.rawValue ?? ""))"
        case .made?, .given?: "\(version), minted (\(minted?.kind.rawValue ?? ""))"
        }
    }
    fileprivate var shownPlace: String {
        receiver.map { "for web hooks to \($0)" } ?? "\(path), mode \(mode), owner \(owner)"
    }
    fileprivate var receivers: String {
        ([group.description]
            + [node.map { "only node \($0)" }, rule.map { "only nodes of rule \($0)" }]
            .compactMap(\.self)).joined(separator: ", ")
    }
    /// As `known_hosts` has it, or in PEM.
    fileprivate var shownAuthority: String? {
        if case .sshHost(let terms)? = minted { return "@cert-authority * \(terms.authority)" }
        return minted?.authority
    }
}

extension SecretReceiptAnswer {
    fileprivate var shownMint: String {
        [minted, state, failure].compactMap(\.self).joined(separator: ": ")
    }
}

/// A secret's value, which does not belong on a command line.
struct SecretValue: ParsableArguments {
    @Argument(
        help:
            "@FILE; without it, the value is read from standard input: typed without echo, or piped, byte by byte."
    )
    var value: String?

    /// The bytes as a request has them.
    func read() throws -> String { try bytes().base64EncodedString() }

    private func bytes() throws -> Data {
        guard let value else {
            return PasswordInput.isTyped
                ? Data(try PasswordInput.read("Value: ").utf8)
                : try InputFile.bytes("-", limit: Secret.byteLimit)
        }
        if value.hasPrefix("@") {
            return try InputFile.bytes(String(value.dropFirst()), limit: Secret.byteLimit)
        }
        printError(
            "roost: warning: the value is now in the shell's history, and other users of this host could see it in the list of processes; give it as @FILE or on standard input"
        )
        return Data(value.utf8)
    }
}

/// Where a secret goes, and when.
struct SecretPlace: ParsableArguments {
    @Option(help: "The nodes of this group and below get it.") var group = "/"
    @Option(help: "Of the group's nodes only this one gets it.") var node: String?
    @Option(help: "Of the group's nodes only those that this rule fits get it.") var rule: String?
    @Option(help: "The file on the node; left out: /run/secrets/NAME, which is in memory.") var path: String?
    @Option(help: "The file's mode, in octal digits; left out: 600.") var mode: String?
    @Option(help: "The file's owner: a user of the node, or user:group; left out: root.") var owner: String?
    @Option(help: "The boots that get it: off, each-boot, next-boot or once.") var arm = Secret.Arming.off

    func request(_ name: String) throws -> SecretRequest {
        SecretRequest(
            name: try SecretName(name), group: try GroupPath(group), node: node, rule: rule, path: path,
            mode: mode, owner: owner, arming: arm)
    }
}

struct SecretAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a secret.",
        discussion: """
            roost secret add join-token @token.txt --group /farm --arm next-boot
            roost secret add console-password --password --arm each-boot
            roost secret add chat-token @token.txt --receiver https://chat.example
            Armed for ‘each-boot’, each boot of each node in the group gets it; for ‘next-boot’, the next boot of each; for ‘once’, one boot
            of one node, the first that asks.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its name.") var name: String
    @OptionGroup var value: SecretValue
    @OptionGroup var place: SecretPlace
    @Option(
        help: ArgumentHelp(
            "For no node, but for web hooks of files to this scheme, host and port, such as https://chat.example.",
            valueName: "address"))
    var receiver: String?
    @Flag(help: "Instead of a value, a random password is made for each node and boot.") var password = false
    @Option(help: "Characters of such a password.") var length: Int?
    @Option(help: "The characters that such a password is made of.") var alphabet: String?

    func validate() throws {
        guard password || (length == nil && alphabet == nil) else {
            throw ValidationError("--length and --alphabet are for --password")
        }
        guard !password || value.value == nil else {
            throw ValidationError("a random password has no value to give")
        }
    }

    func run() async throws {
        try await reportingFailure {
            var wish = try place.request(name)
            wish.receiver = receiver
            if password {
                var minted = MintingRequest(kind: .password)
                (minted.length, minted.alphabet) = (length, alphabet)
                wish.minted = minted
            } else {
                wish.base64 = try value.read()
            }
            let data = try await server.client.send(.POST, "secrets", json: wish)
            try output.write(JSONDecoder().decode(SecretAnswer.self, from: data)) {
                $0.receiver.map { "for web hooks to \($0)\n" }
                    ?? "\($0.name) is \($0.path) on nodes of \($0.group), armed for: \($0.arming.rawValue)\n"
            }
        }
    }
}

struct SecretSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Give a secret another value, which is its next version.",
        discussion:
            "What was handed out before is not taken back. For a secret that is armed once, arm it again.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its name.", completion: .secrets) var name: String
    @OptionGroup var value: SecretValue

    func run() async throws {
        try await reportingFailure {
            let path = "secrets/\(APIClient.escaped(name))"
            let wish = SecretRequest(base64: try value.read())
            let data = try await server.client.send(.PATCH, path, json: wish)
            try output.write(JSONDecoder().decode(SecretAnswer.self, from: data)) {
                "version \($0.version)\n"
            }
        }
    }
}

struct SecretArm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arm", abstract: "Arm a secret again, or disarm it (off).")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its name.", completion: .secrets) var name: String
    @Argument(help: "The boots that get it: off, each-boot, next-boot or once.") var arming: Secret.Arming

    func run() async throws {
        try await reportingFailure {
            let path = "secrets/\(APIClient.escaped(name))"
            _ = try await server.client.send(.PATCH, path, json: SecretRequest(arming: arming))
        }
    }
}

struct SecretRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a secret with its value. Receipts stay with the nodes.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its name.", completion: .secrets) var name: String

    func run() async throws {
        try await reportingFailure {
            _ = try await server.client.send(.DELETE, "secrets/\(APIClient.escaped(name))", body: nil)
        }
    }
}
