import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

extension Minting.Kind: ExpressibleByArgument {}

struct SecretMintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mint",
        abstract: "Add a secret that the server makes for each node and boot, or for all of them.",
        discussion: """
            roost secret mint ssh-host ssh-host --names NODE.farm.example --arm each-boot
            roost secret mint farm-key x509 --days 30 --arm each-boot
            roost secret mint munge munge --group /hpc --arm each-boot
            roost secret mint wireguard wireguard --arm each-boot
            roost secret mint join kubernetes @account.token --cluster https://10.0.0.1:6443 --authority ca.crt --arm each-boot
            roost secret mint ticket program --program /etc/roost/minting/ticket --arm each-boot
            A credential (for kubernetes and program) is @FILE or standard input, as the value of a secret is.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its name.") var name: String
    @Argument(help: "How it is made: password, ssh-host, x509, munge, wireguard, kubernetes, program.")
    var kind: Minting.Kind
    @OptionGroup var value: SecretValue
    @OptionGroup var place: SecretPlace
    @Option(help: "Characters of a password.") var length: Int?
    @Option(help: "The characters that a password is made of.") var alphabet: String?
    @Option(help: "Days that a certificate is valid; left out: 365.") var days: Int?
    @Option(help: "Other names in a certificate, separated by commas; NODE is the node's name.")
    var names: String?
    @Option(help: "The API server of a cluster: https://HOST:PORT.")
    var cluster: String?
    @Option(help: "A file with the certificate of the API server's authority, in PEM.") var authority: String?
    @Option(help: "Minutes that a token lives; left out: 10.") var minutes: Int?
    @Option(help: "Groups of a token, separated by commas; left out: kubeadm's.") var groups: String?
    @Option(help: "The path of a program on the server, in the directory that roost.yaml names.")
    var program: String?
    @Option(help: "Seconds that the program has; left out: 10.") var seconds: Int?

    func validate() throws {
        guard value.value == nil || [.kubernetes, .program].contains(kind) else {
            throw ValidationError("a secret of the kind \(kind.rawValue) has no value to give")
        }
    }

    func run() async throws {
        try await reportingFailure {
            var wish = try place.request(name)
            wish.minted = try minting()
            // A program may need none, and is not asked for one.
            if kind == .kubernetes || value.value != nil { wish.base64 = try value.read() }
            let data = try await server.client.send(.POST, "secrets", json: wish)
            try output.write(JSONDecoder().decode(SecretAnswer.self, from: data)) {
                "\($0.name) is \($0.path) on nodes of \($0.group), armed for: \($0.arming.rawValue)\n"
            }
        }
    }

    private func minting() throws -> MintingRequest {
        func list(_ text: String?) -> [String]? { text?.split(separator: ",").map(String.init) }
        var wish = MintingRequest(kind: kind)
        (wish.length, wish.alphabet, wish.days, wish.names) = (length, alphabet, days, list(names))
        (wish.server, wish.minutes, wish.groups) = (cluster, minutes, list(groups))
        wish.authority = try authority.map { String(decoding: try InputFile.bytes($0), as: UTF8.self) }
        (wish.program, wish.seconds) = (program, seconds)
        return wish
    }
}

struct SecretRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make another authority or key of a minted secret, which is its next version.",
        discussion: """
            For the kinds ssh-host, x509 and munge. Nodes get the new one in the next boot that it is armed for; until then they and those
            that have booted since do not know each other.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its name.", completion: .secrets) var name: String

    func run() async throws {
        try await reportingFailure {
            let path = "secrets/\(APIClient.escaped(name))"
            let data = try await server.client.send(.PATCH, path, json: SecretRequest(rotate: true))
            try output.write(JSONDecoder().decode(SecretAnswer.self, from: data)) {
                "version \($0.version)\n"
            }
        }
    }
}
