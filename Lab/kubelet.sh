#!/bin/bash
# kubelet.sh: makes a package with a stand-in for kubelet, for tests of nodes that join a cluster. kubelet itself is in no Debian.
#
#   kubelet.sh PACKAGE.deb
#
# The program in it takes kubelet's arguments for TLS bootstrapping and does what kubelet does first: asks for a client certificate with the
# token, writes its kubeconfig, registers its Node once, and says every few seconds that it is ready. It runs no pods and serves no API of its own.
set -euo pipefail
out=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/lib/systemd/system"
chmod 755 "$root"
cat >"$root/DEBIAN/control" <<'EOF'
Package: kubelet
Version: 0.standin
Architecture: all
Maintainer: Roost's tests <root@localhost>
Depends: curl, openssl
Description: stand-in for kubelet that joins a cluster and runs nothing
EOF
cat >"$root/lib/systemd/system/kubelet.service" <<'EOF'
[Unit]
Description=kubelet (stand-in)

[Service]
ExecStart=/usr/bin/kubelet

[Install]
WantedBy=multi-user.target
EOF
cat >"$root/usr/bin/kubelet" <<'EOF'
#!/bin/sh
set -eu
for word in "$@"; do
  case $word in
    --bootstrap-kubeconfig=*) bootstrap=${word#*=} ;;
    --kubeconfig=*) kubeconfig=${word#*=} ;;
    --cert-dir=*) directory=${word#*=} ;;
  esac
done
# Of a kubeconfig with one cluster and one user, a member of a line each.
member() { sed -n "s/^ *$2: *//p" "$1" | head -n 1; }
server=$(member "$bootstrap" server)
authority=$(member "$bootstrap" certificate-authority)
node=$(hostname)
pair=$directory/kubelet-client-current.pem
mkdir -p -m 700 "$directory"
# curl with a body of this kind.
api() { curl -sS --fail-with-body --max-time 20 --cacert "$authority" "$@"; }
json='Content-Type: application/json'

if [ ! -s "$kubeconfig" ]; then
  key=$directory/kubelet-client.key.tmp
  (umask 077; openssl ecparam -name prime256v1 -genkey -noout -out "$key")
  request=$(openssl req -new -key "$key" -subj "/O=system:nodes/CN=system:node:$node" | base64 | tr -d '\n')
  # The token is in no list of processes.
  as_bootstrapper() { printf 'header = "Authorization: Bearer %s"\n' "$(cat "$(member "$bootstrap" tokenFile)")" | api --config - "$@"; }
  requests=$server/apis/certificates.k8s.io/v1/certificatesigningrequests
  name=node-csr-$(printf %s "$request" | sha256sum | cut -c1-40)
  as_bootstrapper "$requests" -o /dev/null -H "$json" --data '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"'"$name"'"},
    "spec":{"request":"'"$request"'","signerName":"kubernetes.io/kube-apiserver-client-kubelet","usages":["digital signature","client auth"]}}'
  certificate=''
  while [ -z "$certificate" ]; do
    certificate=$(as_bootstrapper "$requests/$name" | sed -n 's/.*"certificate": *"\([^"]*\)".*/\1/p')
    [ -n "$certificate" ] || sleep 2
  done
  (umask 077; { echo "$certificate" | base64 -d; cat "$key"; } >"$pair")
  rm -f "$key"
  (umask 077; cat >"$kubeconfig") <<CONFIG
apiVersion: v1
kind: Config
clusters:
  - name: cluster
    cluster:
      server: $server
      certificate-authority: $authority
users:
  - name: node
    user:
      client-certificate: $pair
      client-key: $pair
contexts:
  - name: node
    context:
      cluster: cluster
      user: node
current-context: node
CONFIG
  echo "joined as system:node:$node"
fi

as_node() { api --cert "$pair" --key "$pair" "$@"; }
registered=''
while :; do
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  runtime=$(containerd --version | awk '{ print "containerd://" $3 }')
  address=$(hostname -I | cut -d' ' -f1)
  status='{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","message":"stand-in","lastHeartbeatTime":"'"$now"'"}],
    "addresses":[{"type":"InternalIP","address":"'"$address"'"},{"type":"Hostname","address":"'"$node"'"}],
    "nodeInfo":{"kernelVersion":"'"$(uname -r)"'","containerRuntimeVersion":"'"$runtime"'","kubeletVersion":"v0.0.0-standin",
      "bootID":"'"$(cat /proc/sys/kernel/random/boot_id)"'"}}'
  if as_node -o /dev/null -X PATCH -H 'Content-Type: application/merge-patch+json' --data '{"status":'"$status"'}' \
      "$server/api/v1/nodes/$node/status" 2>/dev/null; then
    registered=1
  elif [ -z "$registered" ]; then
    as_node -o /dev/null -H "$json" --data '{"apiVersion":"v1","kind":"Node","metadata":{"name":"'"$node"'","labels":{"kubernetes.io/hostname":"'"$node"'"}},"status":'"$status"'}' \
      "$server/api/v1/nodes" || true
  fi
  sleep 10
done
EOF
chmod 755 "$root/usr/bin/kubelet"
dpkg-deb --root-owner-group --build "$root" "$out" >/dev/null
