import Fleet

/// Servers that cannot have a log-in, whatever room they have.
extension LogIns {
    func unfit(_ entry: Entry) throws(LogInRefusal) -> Set<TerminalName> {
        let (servers, isAttended) = terminals.members(of: entry.pool)
        var unfit: Set<TerminalName> = []
        // Without an agent a server has neither accounts nor tickets of ours. Windows has its own accounts.
        if entry.account != nil {
            for index in servers.indices
            where !isAttended[index]
                && (servers[index].system != .windows || !entry.isOwn && entry.windows == nil)
            {
                unfit.insert(servers[index].name)
            }
        }
        if entry.groups != nil {
            guard isAttended.contains(true) else { throw .unknownGroups(entry.choice.user) }
            for index in servers.indices where !isAttended[index] { unfit.insert(servers[index].name) }
        }
        if entry.isForWindows {
            let others = servers.filter { $0.system != .windows }
            guard others.count < servers.count else { throw .account(.unusableName) }
            unfit.formUnion(others.map(\.name))
        }
        // Where no other server is left, the attempt says why.
        var all = unfit
        for index in servers.indices where withholding(servers[index], entry) != nil {
            all.insert(servers[index].name)
        }
        return all.count < servers.count ? all : unfit
    }

    /// Why what opens a log-in does not go to a server; nil: it does.
    ///
    /// Administrators of a group could read what their own servers get. So they get none that those administrators could not have: neither a
    /// password for Windows of a group above theirs, nor the hash of a password of the directory, which is the whole site's.
    func withholding(_ server: TerminalServer, _ entry: Entry) -> String? {
        if !entry.isOwn {
            guard server.system == .windows, let windows = entry.windows, let group = windows.group,
                !server.group.contains(group)
            else { return nil }
            return
                "it is a server of group \(server.group), and secret \(windows.secret) is of group \(group): its passwords go to servers of that group or above"
        }
        guard entry.hasPasswordHere, server.system != .windows, server.group != .site else { return nil }
        return
            "it is a server of group \(server.group): passwords of the directory go to servers of the whole site only"
    }
}
