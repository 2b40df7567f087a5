/// Transfers whose clients have not answered yet, in order of arrival: the first to drop when there is no room.
///
/// Most of them have been answered or have ended by the time they are examined; those are skipped.
struct TFTPQueue {
    private var peers: [TFTPService.Peer] = []
    private var head = 0

    mutating func append(_ peer: TFTPService.Peer) { peers.append(peer) }

    /// Removes the first one that still waits.
    mutating func takeFirst(where isWaiting: (TFTPService.Peer) -> Bool) -> TFTPService.Peer? {
        while head < peers.count {
            let peer = peers[head]
            head += 1
            if isWaiting(peer) { return peer }
        }
        return nil
    }

    /// Removes those that no longer wait.
    mutating func compact(keeping isWaiting: (TFTPService.Peer) -> Bool) {
        peers = peers[head...].filter(isWaiting)
        head = 0
    }
}
