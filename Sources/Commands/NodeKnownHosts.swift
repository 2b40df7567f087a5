import ArgumentParser
import Foundation
import NIOHTTP1

struct NodeKnownHosts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "known-hosts",
        abstract: "Print the SSH host keys of nodes, as ssh_known_hosts.",
        discussion: "roost node known-hosts | sudo tee /etc/ssh/ssh_known_hosts")
    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await reportingFailure {
            let text = try await server.client.send(.GET, "ssh_known_hosts", body: nil)
            print(String(decoding: text, as: UTF8.self), terminator: "")
        }
    }
}
