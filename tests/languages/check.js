// Verifies and signs with the package jose what the standard input asks for, in JSON.

import { readFileSync } from "node:fs";
import { SignJWT, base64url, createLocalJWKSet, createRemoteJWKSet, errors, importPKCS8, jwtVerify } from "jose";

function keyOf(job) {
  if (job.secret) return base64url.decode(job.secret);
  return job.url ? createRemoteJWKSet(new URL(job.url)) : createLocalJWKSet(job.jwks);
}

async function verify(job) {
  try {
    const { payload } = await jwtVerify(job.token, keyOf(job), {
      algorithms: [job.alg],
      audience: job.audience,
      issuer: job.issuer,
      requiredClaims: ["sub", "exp", "iat", "jti"],
      typ: "at+jwt",
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return null;
    throw error;
  }
}

async function sign(job) {
  const key = job.secret ? base64url.decode(job.secret) : await importPKCS8(job.pem, job.alg);
  return new SignJWT(job.claims).setProtectedHeader({ typ: "at+jwt", alg: job.alg, kid: job.kid }).sign(key);
}

const asked = JSON.parse(readFileSync(0, "utf8"));
const answer = {
  verified: await Promise.all(asked.verify.map(verify)),
  signed: await Promise.all(asked.sign.map(sign)),
};
process.stdout.write(JSON.stringify(answer));
