import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost node tpm`: what a node is bound to.
struct NodeTPMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tpm",
        abstract: "Show the TPM that a node's configuration goes to; accept another one, or forget it.",
        discussion: """
            A node is bound to the first TPM that it shows (setting tpm). With another one, or without, it gets no configuration.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(
        help: ArgumentHelp(
            "Bind it to this TPM, which was refused last: its board was replaced. The end of its name, as shown.",
            valueName: "name")) var accept: String?
    @Flag(help: "Bind it to the TPM that it shows next, or to none.") var forget = false
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String

    func validate() throws {
        guard accept == nil || !forget else {
            throw ValidationError("--accept and --forget exclude each other")
        }
    }

    func run() async throws {
        try await reportingFailure {
            let (client, path) = (server.client, "nodes/\(APIClient.escaped(node))/tpm")
            if let accept {
                try await client.send(.POST, "\(path)/accept", json: AcceptTPMRequest(tpm: accept))
            }
            if forget { try await client.send(.DELETE, path, body: nil) }
            try output.write(try await client.get(path, NodeTPMAnswer.self)) { NodeTPMText.of($0, node) }
        }
    }
}

enum NodeTPMText {
    static func of(_ answer: NodeTPMAnswer, _ node: String) -> String {
        var text = bound(answer)
        if let refused = answer.refused {
            let act = refused.tpm.map { "--accept \($0.short)" } ?? "--forget"
            text +=
                "\(Shown.time(second: refused.at)): \(refused.summary) (if that is right: roost node tpm \(node) \(act))\n"
        }
        return text
    }

    private static func bound(_ answer: NodeTPMAnswer) -> String {
        guard let bound = answer.bound else { return "bound to no TPM (setting tpm: \(answer.use))\n" }
        let tpm = bound.tpm
        let certificate = tpm.certificate.map {
            "\($0.issuer)\($0.isTrusted ? "" : ", which is not among the trusted authorities")"
        }
        return """
            tpm          \(tpm.short), since \(Shown.time(second: bound.boundAt)) (setting tpm: \(answer.use))
            endorsement  \(tpm.endorsement) (\(tpm.kind.rawValue))
            attestation  \(tpm.attestation)
            certificate  \(certificate ?? "none")

            """
    }
}
