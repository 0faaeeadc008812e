import { init, layers, losses, optimizers, Sequential, Model, Input, utils, config } from "tenrec";
import { readFileSync } from "node:fs";
await init({ backend: "cpu" });
const text = readFileSync("/tmp/tenrec/pg/cave.txt","utf8");
const vocab=[...new Set(text)].sort(); const codes=Int32Array.from([...text].map(c=>vocab.indexOf(c)));
const V=vocab.length;
const run=async(name:string,make:()=>any[],B:number,T:number,lr:number,steps=60)=>{
 utils.setRandomSeed(1);
 const m=new Sequential([new layers.InputLayer({shape:[T],dtype:"int32"}),...make(),new layers.Dense(V)]);
 m.compile({optimizer:new optimizers.Adam({learningRate:lr}),loss:new losses.SparseCategoricalCrossentropy({fromLogits:true}),metrics:["accuracy"]});
 let t=performance.now();let first=0;let out="";
 for(let s=0;s<steps;s++){
  const x=new Int32Array(B*T),y=new Int32Array(B*T);
  for(let b=0;b<B;b++){const at=Math.floor(Math.random()*(codes.length-T-1));x.set(codes.subarray(at,at+T),b*T);y.set(codes.subarray(at+1,at+T+1),b*T);}
  const r=await m.trainOnBatch({data:x,shape:[B,T]},{data:y,shape:[B,T]});
  if(s===0){first=performance.now()-t;t=performance.now();}
  if(s%20===0||s===steps-1)out+=` ${s}:${r.loss?.toFixed(2)}/${r.accuracy?.toFixed(2)}`;
 }
 const dt=(performance.now()-t)/(steps-1);
 t=performance.now(); for(let i=0;i<10;i++){const p=await m.predict({data:new Int32Array(T),shape:[1,T]});await (p as any).data();}
 console.log(name,B,T,"compile",first|0,"step ms",dt.toFixed(1),"predict ms",((performance.now()-t)/10).toFixed(1),out);
};
const e=(n:number)=>new layers.Embedding(V,n);
await run("gru64",()=>[e(16),new layers.GRU(64,{returnSequences:true})],16,32,0.01);
await run("lstm64",()=>[e(16),new layers.LSTM(64,{returnSequences:true})],16,32,0.01);
await run("gru96",()=>[e(24),new layers.GRU(96,{returnSequences:true})],32,48,0.01);
