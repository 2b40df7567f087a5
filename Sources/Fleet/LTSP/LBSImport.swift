/// What an `lbsconfig.xml`, the configuration of LTSP-Cluster's load balancer, becomes here: terminal servers, pools and their rule.
package struct LBSImport: Equatable, Sendable {
    /// What became of one element of the file.
    package struct Row: Equatable, Sendable, Codable {
        package var file: String
        package var line: Int
        /// `group PROD`, `variable LOADAVG`.
        package var element: String
        package var fate: Fate
        /// What it becomes, or why it does not.
        package var text: String
    }

    package enum Fate: String, Sendable, Codable, CaseIterable {
        /// With the same effect.
        case taken
        /// As something else with the same effect.
        case translated
        case notSupported = "not supported"
        /// It has no use here.
        case dropped
    }

    /// In the order of the file.
    package internal(set) var rows: [Row] = []
    package internal(set) var problems: [LTSPProblem] = []
    /// In the order of the file.
    package internal(set) var servers: [TerminalServer] = []
    package internal(set) var pools: [TerminalPool] = []
    /// The pool of the group that is marked as the usual one.
    package internal(set) var usualPool: PoolName?

    /// Whether the file is refused.
    package var isRefused: Bool { problems.contains(where: \.isError) }
    package var isEmpty: Bool { servers.isEmpty && pools.isEmpty }

    /// - Parameters:
    ///   - ports: what each server offers. The file does not say it.
    ///   - group: where the records lie.
    package init(
        _ bytes: [UInt8], file: String = "lbsconfig.xml",
        ports: [SessionProtocol: Int] = [.ssh: SessionProtocol.ssh.usualPort], group: GroupPath = .site
    ) {
        do throws(XMLEvents.Problem) {
            var work = LBSImportWork(file: file, ports: ports, group: group)
            work.run(try XMLEvents(bytes).events)
            self = work.finished()
        } catch { problems = [LTSPProblem(error: Sentence(plain: error.text), file, error.line)] }
    }

    /// Nothing of a file: where the work begins.
    init() {}

    package func count(_ fate: Fate) -> Int { rows.count { $0.fate == fate } }
}
