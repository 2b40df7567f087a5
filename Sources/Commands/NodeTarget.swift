import API
import ArgumentParser
import Fleet
import Foundation
import Wire

/// The nodes that a command acts on: exactly what is named.
struct NodeTarget: ParsableArguments {
    @Argument(
        help: "A node's exact name, or a condition as in ‘roost node list’: 'lab-[1-40] state=ready'.",
        completion: .nodes)
    var query: [String]
    @Flag(help: "Do not ask when there are several nodes.") var yes = false

    var choice: NodeChoice { NodeChoice(query: query, yes: yes) }

    /// One node by its exact name; several by a condition, once the caller has agreed to their number.
    ///
    /// - Parameter what: what happens to them: `restarted`.
    func nodes(_ client: APIClient, toBe what: String) async throws -> [MachineAnswer] {
        try await choice.nodes(client, toBe: what)
    }

    /// The same for later: what the nodes are named by, once the caller has agreed to the number that it means now.
    func text(_ client: APIClient, toBe what: String) async throws -> String {
        let nodes = try await choice.nodes(client, toBe: what, later: true)
        return Self.scheduled(query, found: nodes.map(\.name))
    }

    /// A name is one node; a condition stays one, also where it means one node now.
    static func scheduled(_ query: [String], found: [NodeName]) -> String {
        let text = query.joined(separator: " ")
        guard query.count == 1, (try? NodeName(text)) != nil, let node = found.first else { return text }
        return node.text
    }
}

/// A node by its exact name or hardware address, or several by a condition.
struct NodeChoice {
    /// The words of a condition.
    var query: [String]
    /// Whether several need no agreement.
    var yes: Bool

    /// One node by its exact name; several by a condition, once the caller has agreed to their number.
    ///
    /// - Parameters:
    ///   - what: what happens to them: `restarted`.
    ///   - later: whether the condition is looked at again then: no node has to fit it now.
    func nodes(_ client: APIClient, toBe what: String, later: Bool = false) async throws -> [MachineAnswer] {
        let condition = try condition()
        let found = try await client.nodes(condition)
        if query.count == 1, let name = try? NodeName(condition) {
            // Words of a search fit parts of names, too: restarting pc-1 must not restart pc-10.
            if let node = found.first(where: { $0.name == name }) { return [node] }
            if found.count == 1, found[0].address?.description == condition { return found }
            let others = found.prefix(3).map(\.name.text).joined(separator: ", ")
            throw Failure(
                text: "there is no node \(name)"
                    + (found.isEmpty
                        ? " (roost node list shows all)"
                        : "; \(counted(found.count, "node")) with it in name or hardware: \(others)\(found.count > 3 ? "…" : ""). To act on several, write a condition: '\(name)*'"),
                code: 3)
        }
        if found.isEmpty, later {
            printError("note: no node matches now")
            return []
        }
        return try agreed(found, what)
    }

    /// Changes the records of the nodes: of several as one change, or not at all.
    ///
    /// - Parameter what: what happens to them: `tagged`.
    func change(
        _ client: APIClient, toBe what: String, _ change: (inout Node) throws -> Void
    ) async throws {
        if query.count == 1, MACAddress(query[0]) != nil {
            return try await client.changeNode(query[0], change)
        }
        let names = try await nodes(client, toBe: what).map(\.name)
        guard names.count > 1 else { return try await client.changeNode(names[0].text, change) }
        try await client.changeNodes(Swift.Set(names), change)
    }

    /// A shell's empty variable must not mean all nodes.
    func condition() throws(Failure) -> String {
        let text = query.joined(separator: " ")
        guard !text.allSatisfy(\.isWhitespace) else {
            throw Failure(text: "a node or a condition is required: '*' means all nodes", code: 64)
        }
        return text
    }

    private func agreed(_ found: [MachineAnswer], _ what: String) throws -> [MachineAnswer] {
        guard !found.isEmpty else { throw Failure(text: "no node matches", code: 3) }
        guard found.count > 1, !yes else { return found }
        let names = found.prefix(5).map(\.name.text).joined(separator: ", ")
        let question = "\(found.count) nodes are \(what): \(names)\(found.count > 5 ? "…" : "")"
        guard isatty(STDIN_FILENO) == 1 else {
            throw Failure(text: "\(question). Nothing was done: add --yes", code: 64)
        }
        printError("\(question). Go on? [y/N] ", terminator: "")
        guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
            throw Failure(text: "nothing was done", code: 1)
        }
        return found
    }
}
