import API
import ArgumentParser
import Fleet
import Foundation
import Wire

struct NodeExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show what a machine would be offered and boot now, and why.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Node name, or the hardware address or UUID of any machine.", completion: .nodes)
    var node: String
    @Option(
        help:
            "Architecture: bios, uefi, uefi-http, arm64, arm64-http, or a number of option 93. (default: as it last asked, else bios)"
    )
    var arch: String?
    @Option(
        help:
            "What asks: firmware, ipxe, ipxe-tftp (iPXE without HTTP), raspberry-pi or u-boot. (default: as it last asked, else firmware)"
    )
    var loader: String?
    @Option(help: "Its vendor class (option 60), for loader rules.") var vendorClass: String?
    @Option(help: "Its SMBIOS UUID (option 97).") var uuid: String?
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let words = [
                ("node", node), ("arch", arch), ("loader", loader), ("vendor-class", vendorClass),
                ("uuid", uuid),
            ]
            let query =
                words.compactMap { name, word in word.map { "\(name)=\(APIClient.escaped($0))" } }
                .joined(separator: "&") + time.furtherQuery
            try output.write(try await server.client.get("explain?\(query)", ExplainAnswer.self), table: text)
        }
    }

    private func text(_ answer: ExplainAnswer) -> String {
        var text = """
            node          \(answer.node)\(answer.isKnown ? "" : " (unknown)"), \(answer.macAddress)
            address       \(answer.address?.description ?? "from the pool")
            boot file     \(answer.bootFile ?? "none")
                          because \(answer.bootFileReason)
            image         \(answer.image ?? "none")
            command line  \(answer.commandLine.joined(separator: " "))


            """
        var table = TextTable(["CHOICE", "BECAUSE"])
        for reason in answer.reasons { table.add([reason.choice.english, reason.because.english]) }
        text += table.text
        return text + "\nscript:\n" + answer.script.split(separator: "\n").map { "  \($0)\n" }.joined()
    }
}
