// sns-validator checks a notification. The server's authority is trusted by NODE_EXTRA_CA_CERTS. usage: node validate.mjs NOTIFICATION
import MessageValidator from "sns-validator";

const validator = new MessageValidator(/^127\.0\.0\.1|localhost/);
const validate = (message) =>
  new Promise((resolve) => validator.validate(message, (error) => resolve(error ? error.message : "valid")));

const message = JSON.parse(process.argv[2]);
const genuine = await validate(message);
const forged = await validate({ ...message, Message: "forged" });
console.log(JSON.stringify({ genuine, forged }));
