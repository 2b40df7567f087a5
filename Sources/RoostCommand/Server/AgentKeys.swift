import Center
import Fleet
import Glibc
import Images
import Linux

extension Server {
    /// Where the agents of terminal servers come to, with their authority made; nil: they cannot come.
    static func agentPort(
        _ settings: ServerSettings, _ addresses: [CenterAddress], _ user: StateDirectory.User
    ) throws -> Agents.Port? {
        let secure = addresses.filter { $0.certificate != nil }
        guard settings.center.agentPort != 0, let first = secure.first, let shown = first.certificate else {
            return nil
        }
        return Agents.Port(
            hosts: Array(Set(secure.map(\.host))).sorted(), number: settings.center.agentPort,
            authority: try AgentKeys(stateDirectory: settings.stateDirectory).authority(for: user),
            url: first.url, chainPath: shown.chainPath)
    }
}

/// The authority of agents, on the disk: created at the first start.
struct AgentKeys {
    static let fileName = "agents.pem"
    private let path: String

    init(stateDirectory: String) { path = "\(stateDirectory)/center/\(Self.fileName)" }

    /// The server's user reads it: it signs while it serves.
    func authority(for user: StateDirectory.User) throws -> AgentAuthority {
        let authority = try known() ?? made()
        if geteuid() == 0 {
            guard unsafe lchown(path, 0, user.gid) == 0, unsafe chmod(path, 0o640) == 0 else {
                throw SystemError("let the server read \(path)")
            }
        }
        return authority
    }

    private func known() throws -> AgentAuthority? {
        guard FileStatus(path) != nil else { return nil }
        let text = String(decoding: try WholeFile.read(path, limit: 1 << 16), as: UTF8.self)
        guard let authority = AgentAuthority(pem: text) else {
            throw InvalidSetting(
                "\(path) is not an authority of agents: restore it from a backup, or remove it, after which all agents have to join again"
            )
        }
        return authority
    }

    private func made() throws -> AgentAuthority {
        guard let authority = AgentAuthority.make() else {
            throw InvalidSetting("libcrypto cannot make the key of the agents' authority")
        }
        try WholeFile.replace(path, with: Array(authority.pem.utf8), at: .agentAuthority)
        return authority
    }
}
